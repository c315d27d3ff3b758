import { beforeEach, describe, expect, it } from "vitest";
import { FINDINGS_TOLD_MAX, Reconciler } from "#cli/reconcile/reconciler.ts";
import type { HeldNeed, LedLog, View } from "#domain/reconcile/view.ts";
import { settled } from "#cli/sim/job.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { Scheduler } from "#sim/kernel/scheduler.ts";
import { Machine } from "#sim/world/machine.ts";

const PERIOD_MS = 1_000;
const log = (bucket: number, change: Partial<LedLog> = {}): LedLog => ({
  bucket,
  leader: "ann",
  records: 1,
  built: 1,
  isHalted: false,
  isOnDisk: true,
  isOnStream: true,
  ...change,
});
const stuck = (need: string): HeldNeed => ({ need, bucket: 3, isOpen: false });

describe("the reconciler of one supervisor", () => {
  let view: View;
  let failure: Error | undefined;
  let told: string[];
  let mended: number[];
  let isStreamAway: boolean;
  let looks: number;
  let lostBlocks: number;
  let fills: number;
  let nowhere: number[];
  let dropped: number;
  let refused: string | undefined;
  let scheduler: Scheduler;
  let reconciler: Reconciler;

  beforeEach(() => {
    [failure, told, mended, isStreamAway, looks, lostBlocks] = [undefined, [], [], false, 0, 0];
    [fills, nowhere, dropped, refused] = [0, [], 0, undefined];
    view = { name: "ann", needs: [], holds: [], logs: [log(1), log(2)] };
    scheduler = new Scheduler(Prng.of(1), settled);
    const { clock } = new Machine(scheduler, "ann", { driftPpm: 0, skewMs: 0 });
    reconciler = new Reconciler({
      clock,
      periodMs: PERIOD_MS,
      look: async () => {
        looks += 1;
        if (failure !== undefined) throw failure;
        return view;
      },
      mend: async (bucket) => {
        if (isStreamAway) throw new Error("the stream is away");
        mended.push(bucket);
        view = { ...view, logs: view.logs.map((one) => log(one.bucket)) };
      },
      restockBlocks: async () => {
        const count = lostBlocks;
        lostBlocks = 0;
        return count;
      },
      fill: async () => {
        fills += 1;
        if (isStreamAway) throw new Error("the stream is away");
        return { missing: nowhere, dropped, ...(refused === undefined ? {} : { refused }) };
      },
      tell: (text) => told.push(text),
    });
  });

  const periods = (count: number): Promise<void> =>
    scheduler.run(scheduler.nowMs + count * PERIOD_MS);

  it("looks once in a period, and tells what it compared", async () => {
    expect(reconciler.last).toBeUndefined();
    await periods(3);
    expect([looks, fills]).toEqual([3, 3]);
    expect(reconciler.last).toMatchObject({ buckets: 2, findings: [], findingsCount: 0 });
    reconciler.close();
    await periods(3);
    expect(looks).toBe(3);
  });

  it("tells what stands once, and again only after it had gone", async () => {
    view = { ...view, holds: [stuck("a")] };
    await periods(1);
    expect([told, reconciler.last?.findingsCount]).toEqual([[], 0]);
    await periods(3);
    expect(told).toEqual(["bucket 3, need a: money is held for a need that is not open (E5)"]);
    expect(reconciler.last?.findings).toEqual([{ kind: "unowned-hold", bucket: 3, need: "a" }]);
    view = { ...view, holds: [] };
    await periods(1);
    expect(reconciler.last?.findingsCount).toBe(0);
    view = { ...view, holds: [stuck("a")] };
    await periods(2);
    expect(told).toHaveLength(2);
  });

  it("puts records back that two looks miss, and nothing else", async () => {
    view = { ...view, logs: [log(1, { isOnStream: false }), log(2, { built: 0 })] };
    await periods(1);
    expect(mended).toEqual([]);
    await periods(1);
    expect(mended).toEqual([1]);
    expect(reconciler.last?.mended).toEqual([1]);
    await periods(1);
    expect(reconciler.last).toMatchObject({ findingsCount: 0, mended: [] });
  });

  it("tries again with the next run what could not be put back", async () => {
    view = { ...view, logs: [log(1, { isOnDisk: false })] };
    isStreamAway = true;
    await periods(3);
    expect(reconciler.last).toMatchObject({ findingsCount: 1, mended: [] });
    expect(told.at(-1)).toBe("bucket 1: its records could not be put back: the stream is away");
    isStreamAway = false;
    await periods(1);
    expect(mended).toEqual([1]);
  });

  it("puts blocks back that NATS has lost, and says how many", async () => {
    lostBlocks = 7;
    await periods(2);
    expect(told).toEqual(["7 blocks were put back"]);
  });

  it("says of which bucket an old record is nowhere", async () => {
    nowhere = [9];
    await periods(1);
    expect(told).toEqual([
      "bucket 9: a record older than its snapshot is nowhere (RECORD_MISSING)",
    ]);
    expect(reconciler.last).toMatchObject({ buckets: 2, findingsCount: 0 });
  });

  it("says how many records that were never committed it has deleted", async () => {
    dropped = 3;
    await periods(1);
    dropped = 0;
    await periods(2);
    expect(told).toEqual(["3 records that were never committed were deleted"]);
  });

  it("says once why they stay, and again where it came back", async () => {
    refused = "the stream denies it";
    await periods(3);
    refused = undefined;
    await periods(1);
    refused = "the stream denies it";
    await periods(1);
    const why = "records that were never committed cannot be deleted: the stream denies it";
    expect(told).toEqual([why, why]);
  });

  it("says why a run was not done, and goes on with the next", async () => {
    failure = new Error("nobody answers");
    await periods(1);
    expect(reconciler.last).toMatchObject({ failure: "nobody answers", findings: [] });
    failure = undefined;
    await periods(1);
    expect(reconciler.last?.failure).toBeUndefined();
  });

  it("tells so many findings and counts the rest", async () => {
    const count = FINDINGS_TOLD_MAX + 5;
    view = { ...view, holds: Array.from({ length: count }, (_, at) => stuck(`need-${at}`)) };
    await periods(2);
    expect(reconciler.last?.findings).toHaveLength(FINDINGS_TOLD_MAX);
    expect(reconciler.last?.findingsCount).toBe(count);
    expect(told).toHaveLength(FINDINGS_TOLD_MAX);
  });
});
