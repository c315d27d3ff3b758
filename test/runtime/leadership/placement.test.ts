import { beforeEach, describe, expect, it } from "vitest";
import {
  HANDOVERS_MAX,
  Placement,
  REBALANCE_MS,
  REBALANCE_MS_MAX,
  RETURN_MS,
} from "#runtime/leadership/placement.ts";
import { keptWeights, rankOf } from "#runtime/leadership/share.ts";

const MEMBERS = ["ann", "bea"];
const BUCKETS = Array.from({ length: 257 }, (_, bucket) => bucket);
/** Those that bea should lead, and ann does. */
const misplaced = BUCKETS.filter((bucket) => rankOf(MEMBERS, bucket)[0] === "bea");
const [BUCKET] = misplaced as [number];

describe("what is due to go to others", () => {
  let nowMs: number;
  let restocked: number[];
  let isStreamAway: boolean;
  let placement: Placement;
  beforeEach(() => {
    nowMs = 0;
    restocked = [];
    isStreamAway = false;
    placement = new Placement({
      name: "ann",
      nowMs: () => nowMs,
      weigh: keptWeights(),
      restock: async (bucket) => {
        restocked.push(bucket);
        if (isStreamAway) throw new Error("the stream is away");
      },
    });
  });

  const due = (led: readonly number[] = [BUCKET]) => placement.due(led, MEMBERS);
  /** Handed over, and won again at once. */
  const comeBack = (): void => {
    placement.handedOver(BUCKET);
    placement.won(BUCKET);
    due();
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("waits until a bucket has been misplaced for a while", () => {
    expect(due()).toEqual([]);
    nowMs = REBALANCE_MS - 1;
    expect(due()).toEqual([]);
    nowMs = REBALANCE_MS;
    expect(due()).toEqual([BUCKET]);
  });

  it("gives up what the operator wants elsewhere, and keeps what he wants here", () => {
    const here = BUCKETS.filter((bucket) => !misplaced.includes(bucket));
    const pins = new Map([
      [BUCKET, "ann"],
      [here[0]!, "bea"],
      [here[1]!, "nobody who lives"],
    ]);
    const led = [BUCKET, here[0]!, here[1]!];
    placement.due(led, MEMBERS, pins);
    nowMs = REBALANCE_MS;
    expect(placement.due(led, MEMBERS, pins)).toEqual([here[0]]);
  });

  it("gives a few at a time, and never those that are where they should be", () => {
    due(BUCKETS);
    nowMs = REBALANCE_MS;
    expect(due(BUCKETS)).toEqual(misplaced.slice(0, HANDOVERS_MAX));
  });

  it("restocks one that came back before it is due again, and waits twice as long", async () => {
    comeBack();
    nowMs = 2 * REBALANCE_MS - 1;
    expect(due()).toEqual([]);
    expect(restocked).toEqual([]);
    nowMs += 1;
    expect(due()).toEqual([]);
    expect(restocked).toEqual([BUCKET]);
    await settled();
    expect(due()).toEqual([BUCKET]);
  });

  it("keeps it while the stream does not take its records, and tries again", async () => {
    comeBack();
    isStreamAway = true;
    nowMs = 2 * REBALANCE_MS;
    expect(due()).toEqual([]);
    await settled();
    isStreamAway = false;
    expect(due()).toEqual([]);
    await settled();
    expect(due()).toEqual([BUCKET]);
    expect(restocked).toEqual([BUCKET, BUCKET]);
  });

  it("doubles the wait at each return in a row, up to a limit", async () => {
    for (let returns = 1; returns <= 12; returns += 1) {
      const startedMs = nowMs;
      comeBack();
      const waitMs = Math.min(REBALANCE_MS * 2 ** returns, REBALANCE_MS_MAX);
      nowMs = startedMs + waitMs - 1;
      expect(due()).toEqual([]);
      nowMs += 1;
      due();
      await settled();
      expect(due()).toEqual([BUCKET]);
    }
  });

  it("takes one that is won much later for an ordinary one", () => {
    placement.handedOver(BUCKET);
    nowMs = RETURN_MS + 1;
    placement.won(BUCKET);
    due();
    nowMs += REBALANCE_MS;
    expect(due()).toEqual([BUCKET]);
    expect(restocked).toEqual([]);
  });
});
