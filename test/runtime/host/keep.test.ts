/** H7, C6: a bucket that is led no more for a while, and then again by the one who has its state. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Store } from "#ports/store.ts";
import { Fault } from "#ports/faults.ts";
import { RETRY_MS_MAX, RETRY_MS_MIN } from "#runtime/commit/pipeline.ts";
import { RESUME_MS } from "#runtime/host/environment.ts";
import { Rig } from "../toy/rig.ts";

const BUCKET = 1;

describe("a bucket whose leadership ended", () => {
  let rig: Rig;
  let reads: number;
  let commits: number;
  /** While it is there the store answers for no head. */
  let held: Promise<void> | undefined;

  beforeEach(async () => {
    [reads, commits, held] = [0, 0, undefined];
    const counting = (store: Store): Store => ({
      ...store,
      head: async (bucket) => {
        await held;
        return store.head(bucket);
      },
      commit: (writes) => {
        commits += 1;
        return store.commit(writes);
      },
      read: (...range) => {
        reads += 1;
        return store.read(...range);
      },
    });
    rig = await Rig.open([BUCKET], { store: counting });
    await rig.say(BUCKET, "ADD", { by: 1 });
    reads = 0;
  });

  const letGo = async (): Promise<void> => {
    void rig.host.settle(BUCKET);
    rig.host.letGo(BUCKET, true);
    await rig.settle();
  };

  /** What anybody else makes of the log. */
  const replayed = async (): Promise<number | undefined> =>
    (await Rig.open([BUCKET], { disk: rig.disk })).total(BUCKET);

  it("takes nothing while it is led by nobody", async () => {
    await letGo();
    expect([rig.status(BUCKET), rig.host.leads(BUCKET)]).toEqual(["kept", false]);
    const before = await rig.entries(BUCKET);
    const id = rig.post(BUCKET, "ADD", { by: 5 });
    await rig.advance(30_000);
    expect(rig.answerTo(id)).toBeUndefined();
    expect(await rig.entries(BUCKET)).toEqual(before);
    await rig.host.drain();
  });

  it("goes on without reading its log, under an epoch that it logs", async () => {
    await letGo();
    await rig.lead([BUCKET]);
    expect([rig.status(BUCKET), rig.total(BUCKET), reads]).toEqual(["live", 1, 0]);
    expect(await rig.say(BUCKET, "ADD", { by: 2 })).toMatchObject({ kind: "ack" });
    const verbs = (await rig.story(BUCKET)).filter((verb) => verb !== "COUNTED");
    expect(verbs).toEqual(["EPOCH", "envelope", "EPOCH", "envelope"]);
    expect(await replayed()).toBe(3);
  });

  it("commits under the new epoch what was built under the old one, and only then answers", async () => {
    rig.disk.slow();
    const first = rig.post(BUCKET, "ADD", { by: 2 });
    await rig.settle();
    const second = rig.post(BUCKET, "ADD", { by: 4 });
    await rig.settle();
    await letGo();
    // The first is on its way under the old epoch, which is over when it arrives.
    rig.disk.fence([BUCKET]);
    rig.disk.release();
    await rig.settle();
    expect([rig.answerTo(first), rig.answerTo(second)]).toEqual([undefined, undefined]);
    expect(rig.events).toEqual([]);
    await rig.lead([BUCKET]);
    expect(rig.answerTo(first)).toMatchObject({ kind: "ack" });
    expect(rig.answerTo(second)).toMatchObject({ kind: "ack" });
    expect([rig.total(BUCKET), reads]).toEqual([7, 0]);
    const verbs = (await rig.story(BUCKET)).filter((verb) => verb !== "COUNTED");
    expect(verbs).toEqual(["EPOCH", "envelope", "envelope", "envelope", "EPOCH"]);
    expect(await replayed()).toBe(7);
  });

  it("finds committed what reached the store unheard", async () => {
    rig.disk.fail(BUCKET, "silent");
    const first = rig.post(BUCKET, "ADD", { by: 2 });
    await rig.settle();
    const second = rig.post(BUCKET, "ADD", { by: 4 });
    await rig.settle();
    await letGo();
    await rig.lead([BUCKET]);
    // What was asked under the old epoch is given up, and says nothing of the new one.
    rig.disk.giveUp();
    await rig.settle();
    expect(rig.answerTo(first)).toMatchObject({ kind: "ack" });
    expect(rig.answerTo(second)).toMatchObject({ kind: "ack" });
    expect([rig.total(BUCKET), reads]).toEqual([7, 0]);
    expect(await replayed()).toBe(7);
  });

  it("sends nothing again that it was in doubt of", async () => {
    rig.disk.fail(BUCKET, "unknown-lost");
    rig.post(BUCKET, "ADD", { by: 2 });
    await rig.settle();
    const gate = Promise.withResolvers<void>();
    held = gate.promise;
    await rig.advance(RETRY_MS_MIN);
    const before = commits;
    await letGo();
    gate.resolve();
    await rig.advance(RETRY_MS_MAX);
    expect([commits, rig.receipts.length]).toEqual([before, 1]);
  });

  it("is answered under the epoch in which it was built, before the other one is logged", async () => {
    const [old] = rig.epochs;
    rig.disk.fail(BUCKET, "silent");
    rig.post(BUCKET, "ADD", { by: 2 });
    await rig.settle();
    await letGo();
    const now = await rig.lead([BUCKET]);
    rig.disk.giveUp();
    await rig.settle();
    await rig.say(BUCKET, "ADD", { by: 4 });
    expect(rig.epochs).toEqual([old, old, now]);
  });

  it("waits for a store that does not say where the head is, and has its state still", async () => {
    await letGo();
    held = Promise.reject(new Fault("CONSENSUS_UNREACHABLE", "no answer"));
    await rig.lead([BUCKET]);
    expect([rig.status(BUCKET), rig.events.map(({ type }) => type)]).toEqual([
      "resuming",
      ["stalled"],
    ]);
    held = undefined;
    await rig.advance(RESUME_MS);
    expect([rig.status(BUCKET), rig.total(BUCKET), reads]).toEqual(["live", 1, 0]);
  });

  it("is not kept any more once it is led elsewhere", async () => {
    await letGo();
    rig.host.letGo(BUCKET, false);
    expect(rig.status(BUCKET)).toBe("lost");
    await rig.lead([BUCKET]);
    expect([rig.status(BUCKET), rig.total(BUCKET)]).toEqual(["live", 1]);
    expect(reads).toBeGreaterThan(0);
  });

  it("asks other buckets only once that is committed, and once", async () => {
    rig.disk.slow();
    rig.post(BUCKET, "PING", { bucket: 2 });
    await rig.settle();
    await letGo();
    rig.disk.fence([BUCKET]);
    rig.disk.release();
    await rig.settle();
    expect(rig.sent).toEqual([]);
    await rig.lead([BUCKET]);
    const asks = rig.sent.filter(({ role }) => role === "ask");
    expect(asks).toHaveLength(1);
  });

  it("is loaded from its log where somebody else has led it meanwhile", async () => {
    rig.disk.slow();
    const lost = rig.post(BUCKET, "ADD", { by: 100 });
    await rig.settle();
    await letGo();
    const other = new Rig({ disk: rig.disk });
    const led = other.lead([BUCKET]);
    rig.disk.release();
    await led;
    await other.say(BUCKET, "ADD", { by: 2 }, { nonce: 2 });
    await rig.lead([BUCKET]);
    // The store has refused nothing: nothing was tried on the old state.
    expect([rig.total(BUCKET), rig.events]).toEqual([3, []]);
    expect(reads).toBeGreaterThan(0);
    expect(rig.answerTo(lost)).toBeUndefined();
    expect(await rig.say(BUCKET, "ADD", { by: 4 }, { nonce: 3 })).toMatchObject({ kind: "ack" });
    expect(await replayed()).toBe(7);
  });

  it("is kept once more where leadership ends before the head was read", async () => {
    await letGo();
    const gate = Promise.withResolvers<void>();
    held = gate.promise;
    const led = rig.host.lead(BUCKET, await rig.store.lead([BUCKET]));
    expect(rig.status(BUCKET)).toBe("resuming");
    rig.host.letGo(BUCKET, true);
    gate.resolve();
    await led;
    await rig.settle();
    expect(rig.status(BUCKET)).toBe("kept");
    await rig.lead([BUCKET]);
    expect([rig.status(BUCKET), rig.total(BUCKET), reads]).toEqual(["live", 1, 0]);
  });

  it("is not kept where it was not whole: it is loaded", async () => {
    rig.post(BUCKET, "BREAK");
    rig.host.turn();
    expect(rig.status(BUCKET)).toBe("loading");
    rig.host.letGo(BUCKET, true);
    expect(rig.status(BUCKET)).toBe("lost");
    await rig.lead([BUCKET]);
    expect([rig.status(BUCKET), rig.total(BUCKET)]).toEqual(["live", 1]);
    expect(reads).toBeGreaterThan(0);
  });
});
