/** What will be done to which run, drawn from one seed before anything starts. */

import { Prng } from "#sim/kernel/prng.ts";

export const KINDS = [
  "kill",
  "kill-all",
  "kill-agent",
  "freeze",
  "freeze-agent",
  "thread-exit",
  "thread-throw",
  "thread-oom",
  "disk-full",
  "clock-step",
] as const;
export type Kind = (typeof KINDS)[number];

/** Those are asked for when a process starts, so they come first. */
export const isThread = (kind: Kind): boolean => kind.startsWith("thread-");

/** One fault of a run. */
export interface Strike {
  readonly kind: Kind;
  /** It comes once so many needs have ended. */
  readonly afterEnded: number;
  /** How long it lasts, ms: a freeze, a full disk. */
  readonly lastsMs: number;
  /** How far the wall clock goes, ms. */
  readonly stepMs: number;
  /** The turn of the first host thread at which it fails. */
  readonly turn: number;
  /** Which of the processes that could be hit, modulo their number. */
  readonly which: number;
}

/** One market, held until all of it has ended, whatever strikes. */
export interface Episode {
  readonly number: number;
  readonly needs: number;
  readonly strikes: readonly Strike[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Small and large, both ways; envelopes are valid for minutes. */
const STEPS_MS = [-24 * HOUR, -HOUR, -2_000, 2_000, 30 * MINUTE, 24 * HOUR];

/** Leases of the market end within 5 s (market.ts): a freeze is longer. */
const LASTS_MS = { min: 6_000, max: 9_000 };
/** Faults of one run. */
const STRIKES_MAX = 3;

export const episodeOf = (
  seed: number,
  number: number,
  kinds: readonly Kind[],
  needs: number,
): Episode => {
  const others = kinds.filter((kind) => !isThread(kind));
  const chance = Prng.of(seed).stream(`episode ${number}`);
  const strikesMax = others.length === 0 ? 1 : STRIKES_MAX;
  const moments = Array.from({ length: chance.between(1, strikesMax) }, () => chance.below(needs));
  const strikes = moments
    .sort((a, b) => a - b)
    .map((afterEnded, i): Strike => ({
      // Each kind comes in turn; what comes on top of it is chance.
      kind: i === 0 ? (kinds[number % kinds.length] ?? "kill") : chance.pick(others),
      afterEnded,
      lastsMs: chance.between(LASTS_MS.min, LASTS_MS.max),
      stepMs: chance.pick(STEPS_MS),
      turn: chance.between(5, 200),
      which: chance.below(1_000),
    }));
  return { number, needs, strikes };
};
