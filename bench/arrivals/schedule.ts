/** When needs are due: a trace of real arrivals, pressed together until it has a given rate. Pure. */

export interface Schedule {
  readonly dueMs: Float64Array;
  readonly windowMs: number;
}

/**
 * Arrivals of a CSV with a head and the time in its first column, as `2023-11-16 18:17:03.9799600`: ms after
 * the first one, in order.
 */
export const arrivalsOf = (csv: string): readonly number[] => {
  const times = csv
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[0]?.trim() ?? "")
    .filter((text) => text !== "")
    .map((text, at) => {
      const [whole = "", part = ""] = text.split(".");
      const ms = Date.parse(`${whole.replace(" ", "T")}Z`) + Number(`0.${part || "0"}`) * 1_000;
      if (Number.isNaN(ms)) throw new RangeError(`line ${at + 2} begins with no time: ${text}`);
      return ms;
    })
    .sort((a, b) => a - b);
  const first = times[0];
  if (first === undefined || times.length < 2) throw new RangeError("fewer than two arrivals");
  return times.map((ms) => ms - first);
};

/** As many as a second of even arrivals has at 1,000 a second; where there is no trace. */
export const evenArrivals = (): readonly number[] => Array.from({ length: 1_000 }, (_, at) => at);

/**
 * The whole trace, so often that it lasts about `ms`, never a part of it: then bursts and lulls keep their
 * shares, and the mean is `perSecond` exactly. A trace that is longer than `ms` is still taken whole.
 */
export const pressed = (
  arrivals: readonly number[],
  { perSecond, ms }: { readonly perSecond: number; readonly ms: number },
): Schedule => {
  const count = arrivals.length;
  const lapMs = (count * 1_000) / perSecond;
  const laps = Math.max(1, Math.round(ms / lapMs));
  // The gap from the last arrival to the first of the next lap is the mean one.
  const spanMs = (arrivals.at(-1) ?? 0) * (count / (count - 1));
  const dueMs = new Float64Array(count * laps);
  for (let lap = 0; lap < laps; lap += 1)
    for (const [at, arrivalMs] of arrivals.entries())
      dueMs[lap * count + at] = lap * lapMs + (arrivalMs * lapMs) / spanMs;
  return { dueMs, windowMs: lapMs * laps };
};

export interface Step {
  readonly offeredPerSecond: number;
  readonly goodputPerSecond: number;
}

/** What ends of a need's life after the window is no loss; so much of the offered has to end within it. */
export const KEPT_UP_PART = 0.95;

/** The highest offered rate that goodput kept up with, at every lower one too; 0 where at none. */
export const sustainable = (steps: readonly Step[]): number => {
  let kept = 0;
  for (const { offeredPerSecond, goodputPerSecond } of [...steps].sort(
    (a, b) => a.offeredPerSecond - b.offeredPerSecond,
  )) {
    if (goodputPerSecond < offeredPerSecond * KEPT_UP_PART) break;
    kept = offeredPerSecond;
  }
  return kept;
};
