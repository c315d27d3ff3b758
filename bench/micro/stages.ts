/**
 * Where the time of a life goes, from one entry of its need's log to the next, at an even rate of needs and
 * with a challenge window of 1 ms: what a life takes besides waiting for challenges.
 *
 *     node bench/micro/stages.ts [--rate 100] [--seconds 8] [--warmup 10] [--json]
 *
 * Times are log times: a turn's entries have one. CPU is that of the whole process, agents included. Of the
 * stages, those that at least a tenth of the needs went through are told, in the order of their first.
 */

import { onEmbedded, openLoad } from "#cli/bench/lifecycle.ts";
import { recordsOf } from "#cli/swarm/log-report.ts";
import type { RunningSwarm } from "#cli/swarm/running-swarm.ts";
import { BUCKETS } from "#envelope/cid.ts";
import { decodeEnvelope, threadOf } from "#envelope/envelope.ts";
import { decodeRecord, type Entry } from "#runtime/log/record.ts";
import { microFlags } from "../support/flags.ts";
import { tellFigures, type Figure } from "../support/report.ts";
import { percentile } from "../support/statistics.ts";

const { rate, seconds, warmup, isJson } = microFlags({ rate: 100, seconds: 8, warmup: 10 });
const CONFIG = new URL("../arrivals/no-window.config.ts", import.meta.url).pathname;
const WARM_OPEN = 512;
const DRAIN_MS = 10_000;

interface Seen {
  readonly atMs: number;
  readonly what: string;
}

/** The thread of an entry, and what it says; undefined where it belongs to no need. */
const said = (entry: Entry): { readonly thread: string; readonly what: string } | undefined => {
  if (entry.kind === "envelope") {
    const envelope = decodeEnvelope(entry.signed.bytes);
    return { thread: threadOf(envelope, entry.signed.id), what: envelope.verb };
  }
  if (entry.kind !== "derived") return undefined;
  const { thread, verb, body } = entry;
  const { phase } = body as { readonly phase?: string };
  return { thread, what: phase === undefined ? verb : `${verb} ${phase}` };
};

const livesOf = async (swarm: RunningSwarm): Promise<ReadonlyMap<string, readonly Seen[]>> => {
  const lives = new Map<string, Seen[]>();
  for (let bucket = 0; bucket < BUCKETS; bucket += 1)
    for await (const bytes of recordsOf(swarm.store, bucket)) {
      const { atMs, entries } = decodeRecord(bytes);
      for (const entry of entries) {
        const one = said(entry);
        if (one === undefined) continue;
        const seen = { atMs, what: one.what };
        const life = lives.get(one.thread);
        if (life === undefined) lives.set(one.thread, [seen]);
        else life.push(seen);
      }
    }
  return lives;
};

/** Between each entry and the next of the lives that began last. */
const gapsOf = (
  lives: ReadonlyMap<string, readonly Seen[]>,
  count: number,
): ReadonlyMap<string, readonly number[]> => {
  const whole = [...lives.values()].filter(([first]) => first?.what === "NEED");
  whole.sort(([a], [b]) => (a?.atMs ?? 0) - (b?.atMs ?? 0));
  const gaps = new Map<string, number[]>();
  for (const life of whole.slice(-count))
    for (const [at, { atMs, what }] of life.entries()) {
      const before = life[at - 1];
      if (before === undefined) continue;
      const name = `${before.what} to ${what}`;
      const known = gaps.get(name);
      if (known === undefined) gaps.set(name, [atMs - before.atMs]);
      else known.push(atMs - before.atMs);
    }
  return gaps;
};

const timing = (name: string, ms: readonly number[]): Figure[] => [
  { name, value: ms.reduce((sum, one) => sum + one, 0) / ms.length, unit: "ms, mean" },
  { name: `${name}, p99`, value: percentile(ms, 0.99), unit: "ms" },
];

const figures = await onEmbedded(CONFIG, async (swarm, way) => {
  const { control, worker } = await openLoad(swarm, way);
  await control.run({ open: WARM_OPEN, ms: warmup * 1_000 });
  const dueMs = Float64Array.from({ length: rate * seconds }, (_, at) => (at * 1_000) / rate);
  const before = process.cpuUsage();
  const offered = await control.offer({ dueMs, windowMs: seconds * 1_000, drainMs: DRAIN_MS });
  const { user, system } = process.cpuUsage(before);
  await worker.terminate();
  const latencies = [...offered.latenciesMs];
  const count = latencies.length;
  if (count === 0)
    throw new Error(`none of ${dueMs.length} needs ended: another --rate or --seconds`);
  const gaps = [...gapsOf(await livesOf(swarm), count)];
  return [
    { name: "lives that ended", value: count, unit: "needs" },
    { name: "CPU of a life", value: (user + system) / count, unit: "µs" },
    ...timing("a life from when it was due", latencies),
    ...gaps.filter(([, ms]) => ms.length * 10 >= count).flatMap(([name, ms]) => timing(name, ms)),
  ];
});
tellFigures("stages", figures, { isJson });
process.exit(0);
