import fc from "fast-check";
import { expect, it } from "vitest";
import { bucketOf, cidOf } from "#envelope/cid.ts";
import { endedNeedLog, type needLog } from "#gateway/need-log.ts";
import { RECORDS_STRIDE } from "#ports/store.ts";
import { encodeRecord, GENESIS_PARENT } from "#runtime/log/record.ts";

const need = cidOf(Uint8Array.of(1));
const bucket = bucketOf(need);

/** A log with an entry of the need at each of these records, and one of another need in each. */
const logOf = (times: readonly number[], own: ReadonlySet<number>) => {
  const entry = (thread: string, verb: string) =>
    ({ kind: "derived", verb, thread, body: {} }) as const;
  const records = times.map((atMs, index) =>
    encodeRecord({
      bucket,
      index,
      first: 2 * index,
      parent: GENESIS_PARENT,
      generation: 1,
      revision: 1,
      atMs,
      entries: [entry(own.has(index) ? need : "other", "DECIDE"), entry("other", "DECIDE")],
    }),
  );
  const reads: (readonly [from: number, limit: number])[] = [];
  const store = {
    head: async () => ({ records: records.length }),
    read: async (_bucket: number, from: number, limit: number) => {
      reads.push([from, limit]);
      return records.slice(from, from + limit);
    },
  };
  return { swarm: { store } as unknown as Parameters<typeof needLog>[0], reads };
};

it("finds what a need's whole log has between its two moments, whatever shares them", async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 700 });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), fc.nat(), async (gaps, one, other) => {
      let atMs = 0;
      const times = gaps.map((gap) => (atMs += gap));
      const [from, to] = [one % times.length, other % times.length].sort((a, b) => a - b);
      const own = new Set([from!, to!]);
      const { swarm } = logOf(times, own);
      const life = { postedAtMs: times[from!]!, endedAtMs: times[to!]! };
      const { entries, records } = await endedNeedLog(swarm, need, life);
      expect(entries.map(({ position }) => position)).toEqual([...own].map((at) => 2 * at));
      expect(records).toBe(times.length);
    }),
    { numRuns: 60 },
  );
});

it("looks in a long log only where a store finds records at once, then reads one stretch", async () => {
  const times = Array.from({ length: 20_000 }, (_, at) => 10 * at);
  const { swarm, reads } = logOf(times, new Set([700, 702]));
  await endedNeedLog(swarm, need, { postedAtMs: 7_000, endedAtMs: 7_020 });
  const looks = reads.slice(0, -1);
  expect(looks.length).toBeLessThan(12);
  expect(looks.every(([from, limit]) => from % RECORDS_STRIDE === 0 && limit === 1)).toBe(true);
  expect(reads.at(-1)).toEqual([640, RECORDS_STRIDE + 1]);
});
