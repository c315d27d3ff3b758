import { describe, expect, it } from "vitest";
import { hex } from "#envelope/cid.ts";
import type { BucketWrite, Store } from "#ports/store.ts";
import { ANSWER_MS_MAX, UNCONFIRMED_RECORDS_MAX } from "#runtime/commit/pipeline.ts";
import { HOST_LIMITS, RELOAD_MS } from "#runtime/host/environment.ts";
import type { StoreFault } from "#sim/world/store.ts";
import { Rig } from "../toy/rig.ts";

const ALL = [1, 2, 256];

/** Notes what is given to the store, and how many commits of a bucket are under way. */
const watched =
  (writes: BucketWrite[][], most: { inFlight: number }) =>
  (store: Store): Store => {
    const open = new Map<number, number>();
    return {
      ...store,
      commit: async (given) => {
        writes.push([...given]);
        for (const { bucket } of given) {
          const count = (open.get(bucket) ?? 0) + 1;
          open.set(bucket, count);
          most.inFlight = Math.max(most.inFlight, count);
        }
        try {
          return await store.commit(given);
        } finally {
          for (const { bucket } of given) open.set(bucket, open.get(bucket)! - 1);
        }
      },
    };
  };

describe("outputs of a turn", () => {
  it("are held until its record is committed (H1)", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.slow();
    const add = rig.post(1, "ADD", { by: 1 });
    rig.post(2, "PING", { bucket: 1 });
    await rig.settle();
    expect(rig.total(1)).toBe(1); // memory is ahead
    expect([rig.answerTo(add), rig.sent.length]).toEqual([undefined, 0]);
    rig.disk.release();
    await rig.settle();
    expect(rig.answerTo(add)).toMatchObject({ kind: "ack" });
    expect(rig.sent.map(({ role }) => role)).toEqual(["ask", "answer"]);
  });

  it("leave in the order built, refusals behind the records they were judged on (C2)", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.slow();
    const ids = [];
    for (const body of [{ by: 1 }, { refuse: true }, { by: 2 }, { refuse: true }]) {
      ids.push(rig.post(1, "ADD", body));
      await rig.settle();
    }
    expect(rig.receipts).toEqual([]);
    const unconfirmed = () => rig.host.buckets().map((one) => one.unconfirmed);
    expect(unconfirmed()).toEqual([2, 0, 0]); // a refusal that waits is no record
    rig.disk.release();
    await rig.settle();
    expect(unconfirmed()).toEqual([0, 0, 0]);
    expect(rig.receipts.map(({ envelope }) => envelope)).toEqual(ids);
    expect(rig.receipts.map(({ answer }) => answer.kind)).toEqual(["ack", "nack", "ack", "nack"]);
  });

  it("name no head that is not committed, though memory is ahead", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.slow();
    const { wire } = rig.sign(1, "ADD", { by: 1 });
    for (const _ of ["first", "again"]) {
      rig.host.receive(0, [wire]);
      await rig.settle();
    }
    rig.post(1, "ADD", { by: 2 });
    await rig.settle();
    rig.disk.release(1);
    await rig.settle();
    const head = hex((await rig.store.head(1)).hash);
    expect(hex(rig.state(1).hash)).not.toBe(head);
    expect(rig.heads).toEqual([head, head]);
  });

  it("go to the store in order, one commit of a bucket in flight, the rest with the next (C1)", async () => {
    const writes: BucketWrite[][] = [];
    const most = { inFlight: 0 };
    const rig = await Rig.open(ALL, { store: watched(writes, most) });
    rig.disk.slow();
    writes.length = 0;
    for (let n = 0; n < 5; n += 1) {
      rig.post(1, "ADD", { by: 1 });
      await rig.settle();
    }
    rig.disk.release();
    await rig.settle();
    expect(writes.map((given) => given.map(({ records }) => records.length))).toEqual([[1], [4]]);
    expect(most.inFlight).toBe(1);
    expect(rig.total(1)).toBe(5);
  });

  it("take no further turn once too much is unconfirmed, and lose nothing of what waits", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.slow();
    const count = UNCONFIRMED_RECORDS_MAX + 10;
    for (let n = 0; n < count; n += 1) {
      rig.post(1, "ADD", { by: 1 });
      rig.host.turn();
    }
    expect(rig.total(1)).toBe(UNCONFIRMED_RECORDS_MAX);
    rig.disk.release();
    await rig.settle();
    expect(rig.total(1)).toBe(count);
    expect(rig.receipts).toHaveLength(count);
  });
});

describe("a commit whose answer is not clear", () => {
  const faults: [string, readonly StoreFault[]][] = [
    ["is unknown and did apply", ["unknown-applied"]],
    ["is unknown and was lost", ["unknown-lost"]],
    ["is lost three times", ["unknown-lost", "unknown-lost", "unknown-lost"]],
    ["is lost, then applied without a word", ["unknown-lost", "unknown-applied"]],
    ["is delivered twice", ["duplicate"]],
  ];
  it.each(faults)("%s: one effect, and its answer leaves once (C4)", async (_, list) => {
    const rig = await Rig.open(ALL);
    rig.disk.fail(1, ...list);
    const first = rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    const second = rig.post(1, "ADD", { by: 10 });
    await rig.settle();
    if (list[0] !== "duplicate") expect(rig.receipts).toEqual([]);
    await rig.advance(2_000);
    expect(rig.receipts.map(({ envelope }) => envelope)).toEqual([first, second]);
    expect(rig.total(1)).toBe(11);
    expect((await rig.story(1)).filter((verb) => verb === "envelope")).toHaveLength(2);
    expect([rig.events, rig.disk.faultsLeft]).toEqual([[], 0]);
  });

  it("never comes: the head is asked after a while", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.fail(1, "silent");
    const id = rig.post(1, "ADD", { by: 1 });
    await rig.advance(ANSWER_MS_MAX - 1_000);
    expect(rig.answerTo(id)).toBeUndefined();
    await rig.advance(2_000);
    expect(rig.answerTo(id)).toMatchObject({ kind: "ack" });
    rig.disk.giveUp();
    await rig.settle();
    expect(await rig.story(1)).toEqual(["EPOCH", "envelope", "COUNTED"]);
  });

  it("holds back its own bucket, not the others", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.fail(1, "unknown-lost", "unknown-lost");
    rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    expect(await rig.say(2, "ADD", { by: 2 })).toMatchObject({ kind: "ack" });
    rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    expect(rig.total(1)).toBe(1); // nothing is built on what is in doubt
    await rig.advance(1_000);
    expect(rig.total(1)).toBe(2);
  });

  it("stays unclear: asked ever more slowly, then the bucket is reported and loaded later (C5)", async () => {
    let calls = 0;
    let down = false;
    const rig = await Rig.open(ALL, {
      store: (store) => ({
        ...store,
        head: async (bucket) => {
          if (!down) return store.head(bucket);
          calls += 1;
          throw new Error("the disk is gone");
        },
        commit: async (writes) => {
          if (!down) return store.commit(writes);
          calls += 1;
          throw new Error("the disk is gone");
        },
      }),
    });
    down = true;
    const { id, wire } = rig.sign(1, "ADD", { by: 1 });
    rig.host.receive(0, [wire]);
    await rig.advance(22_000);
    expect(calls).toBeLessThan(20);
    expect(rig.events).toHaveLength(1);
    expect(rig.events[0]).toMatchObject({ type: "stalled", bucket: 1 });
    expect((rig.events[0] as { reason: string }).reason).toContain("the disk is gone");
    expect(rig.status(1)).toBe("loading");
    down = false;
    await rig.advance(2 * RELOAD_MS);
    expect([rig.status(1), rig.total(1)]).toEqual(["live", undefined]);
    // Its sender says it again, as for anything that was not answered.
    rig.host.receive(0, [wire]);
    await rig.settle();
    expect(rig.answerTo(id)).toMatchObject({ kind: "ack" });
  });

  it("may still apply after it was given up: it is on the chain, and took effect once", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.fail(1, ...Array<StoreFault>(12).fill("unknown-late"));
    const { id, wire } = rig.sign(1, "ADD", { by: 1 });
    rig.host.receive(0, [wire]);
    await rig.advance(40_000);
    expect(rig.events.map(({ type }) => type)).toContain("stalled");
    rig.disk.deliverLate();
    // Its sender says it again until it is answered: first on the old state, then on the log's.
    for (let n = 0; n < 2; n += 1) {
      rig.host.receive(0, [wire]);
      await rig.advance(20_000);
    }
    expect(rig.answerTo(id)).toMatchObject({ kind: "ack", position: 1 });
    expect(rig.total(1)).toBe(1);
    expect(rig.status(1)).toBe("live");
  });
});

describe("a commit that is refused", () => {
  it("voids every later turn of its bucket; what nobody acknowledged may be said again (C3)", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ADD", { by: 1 });
    // Somebody appends under our epoch behind our back: our parent is no longer the head.
    const other = await Rig.open([], { disk: rig.disk });
    rig.disk.slow();
    const lost = rig.post(1, "ADD", { by: 10 });
    await rig.settle();
    rig.disk.fail(1, "fenced");
    rig.post(1, "ADD", { by: 100 });
    await rig.settle();
    rig.disk.release();
    await rig.settle();
    expect(rig.answerTo(lost)).toBeUndefined();
    expect(rig.events).toEqual([{ type: "lost", bucket: 1 }]);
    expect(rig.status(1)).toBe("lost");
    await other.lead([1]);
    expect(other.total(1)).toBe(1);
  });

  it("halts its bucket by name where a decide key existed already (P1)", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ONCE", { key: "k" });
    // A state that forgot its key stands for whatever mistake would break P1.
    rig.state(1).decided.clear();
    const id = rig.post(1, "ONCE", { key: "k" });
    await rig.settle();
    expect(rig.answerTo(id)).toBeUndefined();
    expect(rig.events).toMatchObject([{ type: "halted", bucket: 1 }]);
    const later = await rig.say(1, "ADD", { by: 1 });
    expect(later).toEqual({ kind: "nack", code: "BUCKET_HALTED" });
    expect(await rig.say(2, "ADD", { by: 1 })).toMatchObject({ kind: "ack" });
  });
});

describe("a host whose rooms are full", () => {
  it("refuses envelopes with MAILBOX_FULL, one connection before the others", async () => {
    const outside = { messagesMax: 6, senderMessagesMax: 4, reservedMax: 1 };
    const rig = await Rig.open(ALL, { limits: { ...HOST_LIMITS, outside } });
    const wires = Array.from({ length: 10 }, () => rig.sign(1, "ADD", { by: 1 }).wire);
    rig.host.receive(1, wires);
    rig.host.receive(2, [rig.sign(2, "ADD", { by: 1 }).wire]);
    expect(rig.rejected).toEqual(Array(6).fill({ code: "MAILBOX_FULL", connection: 1 }));
    await rig.settle();
    expect([rig.total(1), rig.total(2)]).toEqual([4, 1]);
  });

  it("answers MAILBOX_FULL for a bucket that cannot take more, in its order", async () => {
    const rig = await Rig.open(ALL, { limits: { ...HOST_LIMITS, backlogInputsMax: 3 } });
    rig.disk.fail(1, "unknown-lost");
    await rig.say(1, "ADD", { by: 1 });
    const ids = Array.from({ length: 5 }, () => rig.post(1, "ADD", { by: 1 }));
    await rig.settle();
    expect(ids.map((id) => rig.answerTo(id)?.kind)).toEqual([
      ...Array(3).fill(undefined),
      "nack",
      "nack",
    ]);
    expect(rig.answerTo(ids[4]!)).toMatchObject({ code: "MAILBOX_FULL" });
    await rig.advance(1_000);
    expect(rig.total(1)).toBe(4);
  });
});
