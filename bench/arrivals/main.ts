/**
 * Offered load against goodput and latency, open loop: arrivals of a real trace, pressed together from a
 * quarter of what a closed loop reaches to beyond it, then twice what was sustainable. Embedded, each rate on
 * a swarm of its own. Latency counts from when a need was due.
 *
 * Usage: node bench/arrivals/main.ts [--trace FILE.csv] [--seconds 8] [--warmup 10] [--parts 0.25,0.5,…]
 *          [--config FILE] [--json]
 *
 * Without a trace the arrivals are even. Where traces are to be had: docs/performance.md.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { onEmbedded, openLoad } from "#cli/bench/lifecycle.ts";
import { printError } from "#cli/errors.ts";
import { loadSettings } from "#cli/settings.ts";
import type { LoadControl } from "#cli/bench/load-thread.ts";
import type { Offered } from "#cli/bench/open-loop.ts";
import type { Remote } from "comlink";
import { machine, note, numberText, tableText, tell } from "../support/report.ts";
import { percentile, significant } from "../support/statistics.ts";
import {
  arrivalsOf,
  evenArrivals,
  pressed,
  sustainable,
  type Schedule,
  type Step,
} from "./schedule.ts";

const { values: flags } = parseArgs({
  options: {
    trace: { type: "string" },
    seconds: { type: "string", default: "8" },
    warmup: { type: "string", default: "10" },
    config: { type: "string" },
    parts: { type: "string", default: "0.25,0.5,0.7,0.85,1,1.25" },
    json: { type: "boolean", default: false },
  },
});
const ms = Number(flags.seconds) * 1_000;
/** Before each step, in a closed loop. */
const warmupMs = Number(flags.warmup) * 1_000;
const parts = flags.parts.split(",").map(Number);
if (!(ms > 0) || !(warmupMs > 0) || !parts.every((part) => part > 0)) {
  note(
    "usage: --seconds and --warmup take a number above 0, --parts such numbers with commas between them",
  );
  process.exit(2);
}

await loadSettings(flags.config).catch((error: unknown) =>
  process.exit(printError(error, { json: flags.json })),
);

/** Needs under way while the capacity is looked for, and in the warm-up. */
const OPEN = 512;
/** Of what came in overload, this is waited for after the window. */
const DRAIN_MS = 20_000;
const OVERLOAD = 2;

interface Measured extends Step {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From when a need was due until a worker was told that it won. */
  readonly decideP95Ms: number;
  readonly refused: number;
  readonly refusalP99Ms: number;
  readonly openAtWindowEnd: number;
  readonly sentLateMs: number;
  readonly outcomes: Offered["outcomes"];
}

/** A fresh swarm, warmed up: no step pays for what another left behind. */
const onWarm = <T>(use: (control: Remote<LoadControl>) => Promise<T>): Promise<T> =>
  onEmbedded(flags.config, async (swarm, way) => {
    const { control, worker } = await openLoad(swarm, way);
    try {
      await control.run({ open: OPEN, ms: warmupMs });
      return await use(control);
    } finally {
      await worker.terminate();
    }
  });

const measuredOf = (offered: Offered, { windowMs }: Schedule): Measured => {
  const latencies = [...offered.latenciesMs];
  const refusals = [...offered.refusalsMs];
  return {
    offeredPerSecond: significant((offered.offered * 1_000) / windowMs, 4),
    goodputPerSecond: significant((offered.finalized * 1_000) / windowMs, 4),
    p50Ms: significant(percentile(latencies, 0.5)),
    p99Ms: significant(percentile(latencies, 0.99)),
    decideP95Ms: significant(percentile([...offered.decidesMs], 0.95)),
    refused: refusals.length,
    refusalP99Ms: significant(percentile(refusals, 0.99)),
    openAtWindowEnd: offered.openAtWindowEnd,
    sentLateMs: significant(offered.sentLateMs),
    outcomes: offered.outcomes,
  };
};

const step = (perSecond: number): Promise<Measured> => {
  const schedule = pressed(arrivals, { perSecond, ms });
  note(`${numberText(significant(perSecond))}/s for ${significant(schedule.windowMs / 1_000)} s`);
  return onWarm(async (control) =>
    measuredOf(await control.offer({ ...schedule, drainMs: DRAIN_MS }), schedule),
  );
};

const arrivals =
  flags.trace === undefined ? evenArrivals() : arrivalsOf(readFileSync(flags.trace, "utf8"));
note("capacity: a closed loop first");
const capacity = await onWarm(async (control) => {
  const { finalized, durationMs } = await control.run({ open: OPEN, ms });
  return (finalized * 1_000) / durationMs;
});
const steps: Measured[] = [];
for (const part of parts) steps.push(await step(capacity * part));
const kept = sustainable(steps);
const overload = kept === 0 ? undefined : await step(kept * OVERLOAD);
const best = Math.max(...steps.map(({ goodputPerSecond }) => goodputPerSecond));

const row = (one: Measured): readonly string[] => [
  numberText(one.offeredPerSecond),
  numberText(one.goodputPerSecond),
  ...[one.p50Ms, one.p99Ms, one.decideP95Ms].map(numberText),
  ...[one.refused, one.refusalP99Ms, one.openAtWindowEnd, one.sentLateMs].map(numberText),
];
const head = [
  "offered/s",
  "goodput/s",
  "p50 ms",
  "p99 ms",
  "DECIDE p95 ms",
  "refused",
  "refused in p99 ms",
  "open at end",
  "sent late ms",
];
const trace = flags.trace === undefined ? "even" : basename(flags.trace);
tell({
  bench: "arrivals",
  isJson: flags.json,
  text: [
    `arrivals: ${trace}, ${numberText(arrivals.length)} of them`,
    tableText(head, [...steps, ...(overload === undefined ? [] : [overload])].map(row), 0),
    `closed loop with ${OPEN} open: ${numberText(significant(capacity))}/s`,
    `sustainable: ${numberText(kept)}/s`,
    ...(overload === undefined
      ? []
      : [
          `at ${OVERLOAD} times that, the last row: goodput ` +
            `${significant(overload.goodputPerSecond / best)} of the most`,
        ]),
    `load of the machine afterwards: ${machine().loadBefore}`,
  ].join("\n"),
  result: {
    trace,
    capacityPerSecond: significant(capacity, 4),
    sustainablePerSecond: kept,
    series: steps,
    ...(overload === undefined
      ? {}
      : { overload: { ...overload, ofMost: significant(overload.goodputPerSecond / best) } }),
  },
});
process.exit(0);
