/** D7: who is cut off from the bus and still reaches the consensus store. */
import { beforeEach, describe, expect, it } from "vitest";
import { emptyHead } from "#ports/commit-rules.ts";
import type { Consensus } from "#ports/consensus.ts";
import { settled } from "#cli/sim/job.ts";
import { Leadership, LOOK_MS, type LeadershipEvent } from "#runtime/leadership/leadership.ts";
import { HANDOVERS_MAX, REBALANCE_MS } from "#runtime/leadership/placement.ts";
import { candidatesOf, CUT_OFF_MS, LAY_DOWN_MS, PROBE_MS } from "#runtime/leadership/reach.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { Scheduler } from "#sim/kernel/scheduler.ts";
import { SimConsensus } from "#sim/world/consensus.ts";
import { Machine } from "#sim/world/machine.ts";
import { record } from "../../contracts/store.ts";

const BUCKETS = Array.from({ length: 30 }, (_, bucket) => bucket);
const NAMES = ["ann", "bea", "cyd"];
/** From the cut to the moment at which others may lead, at most. */
const LAID_DOWN_MS = CUT_OFF_MS + LAY_DOWN_MS + 2 * LOOK_MS;
const START_MS = 10_000;

describe("a supervisor that is cut off from the bus", () => {
  let scheduler: Scheduler;
  let consensus: Consensus;
  let cutOff: Set<string>;
  let leaderships: Map<string, Leadership>;
  let events: [string, LeadershipEvent["type"]][];
  let letGo: [string, number][];

  beforeEach(async () => {
    const chance = Prng.of(1);
    scheduler = new Scheduler(chance, settled);
    const store = new SimConsensus({ nowMs: () => scheduler.nowMs });
    const expire = (): void => {
      store.tick();
      scheduler.after(100, expire);
    };
    expire();
    consensus = store.connect();
    [cutOff, events, letGo] = [new Set(), [], []];
    leaderships = new Map(NAMES.map((name) => [name, joined(name, store)]));
    await scheduler.run(START_MS);
  });

  const joined = (name: string, store: SimConsensus): Leadership => {
    const { clock } = new Machine(scheduler, name, { driftPpm: 0, skewMs: 0 });
    return new Leadership({
      name,
      build: "",
      isAlike: () => true,
      consensus: store.connect(),
      clock,
      buckets: BUCKETS,
      won: () => {},
      letGo: async (buckets) => void letGo.push([name, buckets.length]),
      restock: async () => {},
      reach: async () => {
        if (cutOff.has(name)) throw new Error("the bus does not carry");
      },
      event: ({ type }) => events.push([name, type]),
    });
  };

  const pass = (ms: number): Promise<void> => scheduler.run(scheduler.nowMs + ms);
  const counts = async (): Promise<readonly number[]> => {
    const rows = await consensus.leaders();
    return NAMES.map((name) => rows.filter(({ holder }) => holder === name).length);
  };
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

  it("leads on while it may still come back at once", async () => {
    const before = await counts();
    expect(Math.min(...before)).toBeGreaterThan(0);
    cutOff.add("ann");
    await pass(CUT_OFF_MS - PROBE_MS);
    cutOff.delete("ann");
    await pass(LAID_DOWN_MS);
    expect(await counts()).toEqual(before);
    expect(letGo).toEqual([]);
  });

  it("lets go of all that it leads, and then others lead it", async () => {
    cutOff.add("ann");
    await pass(LAID_DOWN_MS + LOOK_MS);
    const [own, ...others] = await counts();
    expect([own, sum(others)]).toEqual([0, BUCKETS.length]);
    expect(letGo.map(([name]) => name)).toEqual(["ann"]);
    expect(events).toContainEqual(["ann", "laid_down"]);
    expect([...leaderships.get("ann")!.led]).toEqual([]);
  });

  it("is fenced in what it had built: its epoch is over (P4)", async () => {
    const [bucket, epoch] = [...leaderships.get("ann")!.led][0]!;
    cutOff.add("ann");
    await pass(LAID_DOWN_MS + LOOK_MS);
    const { hash } = record(emptyHead(bucket).hash, "late");
    const head = { bucket, epoch, records: 1, size: 1, hash };
    const write = { bucket, epoch, parent: emptyHead(bucket).hash, head, decides: [], decided: [] };
    expect((await consensus.commit([write]))[0]!.kind).toBe("refused");
  });

  it("takes part again when the bus is back, and leads its share", async () => {
    const before = await counts();
    cutOff.add("ann");
    await pass(30_000);
    cutOff.delete("ann");
    const rounds = Math.ceil(BUCKETS.length / HANDOVERS_MAX);
    await pass(PROBE_MS + REBALANCE_MS + (rounds + 4) * LOOK_MS);
    expect(await counts()).toEqual(before);
    expect(events).toContainEqual(["ann", "reached"]);
  });

  it("leads on where the bus is away for everybody: nobody gains by a change", async () => {
    const before = await counts();
    for (const name of NAMES) {
      cutOff.add(name);
      await pass(PROBE_MS / 4);
    }
    await pass(60_000);
    for (const name of NAMES) {
      cutOff.delete(name);
      await pass(PROBE_MS / 4);
    }
    await pass(10_000);
    expect(await counts()).toEqual(before);
    expect(letGo).toEqual([]);
  });

  it("is the only one that is left, and leads all: it may come back", async () => {
    cutOff.add("ann");
    await pass(LAID_DOWN_MS + LOOK_MS);
    await Promise.all(["bea", "cyd"].map((name) => leaderships.get(name)!.close()));
    await pass(START_MS);
    expect(await counts()).toEqual([BUCKETS.length, 0, 0]);
  });
});

it("candidates are those on the bus, or all where nobody is", () => {
  const member = (name: string, isCutOff: boolean) => ({ name, isCutOff });
  expect(candidatesOf([member("ann", true), member("bea", false)])).toEqual(["bea"]);
  expect(candidatesOf([member("ann", true), member("bea", true)])).toEqual(["ann", "bea"]);
});
