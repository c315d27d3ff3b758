import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { stateHashOf } from "#runtime/replay/replay.ts";
import { HOST_LIMITS, LOADS_AT_A_TIME } from "#runtime/host/environment.ts";
import { newLed } from "#runtime/host/led.ts";
import { STATE_FORMAT } from "#runtime/bucket/state.ts";
import { savedState } from "#runtime/host/saved-state.ts";
import { isSnapshotDue, takeSnapshot } from "#runtime/host/snapshots.ts";
import { PUBLISHER } from "../toy/application.ts";
import { Rig, ticked } from "../toy/rig.ts";

const ALL = [1, 2, 256];

describe("a bucket that is led again", () => {
  it("re-issues the asks that nobody answered, and they are answered once", async () => {
    const rig = await Rig.open(ALL);
    rig.carry = () => {};
    const ping = rig.post(1, "PING", { bucket: 2 });
    await rig.settle();
    const next = await Rig.open(ALL, { disk: rig.disk });
    expect(next.sent.map(({ role, number }) => [role, number])).toEqual([
      ["ask", 0],
      ["answer", 0],
    ]);
    expect(next.answerTo(ping)).toMatchObject({ extra: { pong: 1 } });
  });

  it("re-issues them also where its state was discarded under the same epoch, and tells again", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ADD", { by: 4 });
    rig.carry = () => {};
    const ping = rig.post(1, "PING", { bucket: 2 });
    await rig.settle();
    rig.carry = (message) => rig.host.message(message);
    rig.told.length = 0;
    rig.post(1, "BREAK");
    await rig.settle();
    await rig.settle();
    expect(rig.answerTo(ping)).toMatchObject({ extra: { pong: 1 } });
    expect(rig.told[0]).toEqual({ to: "watcher", notice: { total: 4 } });
  });

  it("takes what came meanwhile, in the order in which it came (H5)", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.slow();
    const before = rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    const ids = [rig.post(1, "BREAK"), rig.post(1, "ADD", { by: 2 })];
    await rig.settle();
    expect(rig.status(1)).toBe("loading"); // what was built waits for its answer first
    ids.push(rig.post(1, "ADD", { by: 3 }));
    await rig.settle();
    rig.disk.release();
    await rig.settle();
    await rig.settle();
    const order = rig.receipts.map(({ envelope }) => envelope);
    expect(order.filter((id) => id !== ids[0])).toEqual([before, ids[1], ids[2]]);
    const totals = (await rig.entries(1)).flatMap((e) =>
      e.kind === "derived" ? [(e.body as { total: number }).total] : [],
    );
    expect(totals).toEqual([1, 3, 6]);
  });

  it("takes what did not fit into the turn that threw behind what did (H5)", async () => {
    const rig = await Rig.open(ALL, { limits: { ...HOST_LIMITS, turnInputsMax: 2 } });
    rig.disk.fail(1, "unknown-lost"); // so that all of it waits, and is then taken two by two
    rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    for (const by of [10, 0, 100, 1_000]) rig.post(1, by === 0 ? "BREAK" : "ADD", { by });
    await rig.advance(1_000);
    const totals = (await rig.entries(1)).flatMap((e) =>
      e.kind === "derived" ? [(e.body as { total: number }).total] : [],
    );
    expect(totals).toEqual([1, 11, 111, 1_111]);
  });

  it("is given up, not halted, where a document that its log names may come from another", async () => {
    const rig = await Rig.open([1, PUBLISHER]);
    await rig.say(PUBLISHER, "PUBLISH", { text: "first" });
    await rig.say(1, "ADD", { by: 1 });
    const heir = new Rig({ disk: rig.disk, missing: "BLOCK_MISSING" });
    await heir.lead([1]);
    expect(heir.status(1)).toBe("lost");
    expect(heir.events).toContainEqual({
      type: "log_missing",
      bucket: 1,
      reason: expect.stringMatching(/^BLOCK_MISSING a document is nowhere: /),
    });
    for (const [hash, document] of rig.documents) heir.documents.set(hash, document);
    await heir.lead([1]);
    expect([heir.status(1), heir.total(1)]).toEqual(["live", 1]);
  });

  it("is halted where it is on this disk or nowhere", async () => {
    const rig = await Rig.open([1, PUBLISHER]);
    await rig.say(PUBLISHER, "PUBLISH", { text: "first" });
    await rig.say(1, "ADD", { by: 1 });
    const heir = await Rig.open([1], { disk: rig.disk });
    expect(heir.status(1)).toBe("halted");
    expect(heir.events[0]).toMatchObject({
      reason: expect.stringMatching(/document .* not stored/),
    });
  });

  it("is not stuck where the store never answered what was built before", async () => {
    const rig = await Rig.open(ALL);
    rig.disk.fail(1, "silent");
    rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    // The rebuild that this asks for has to wait; the answer never comes.
    rig.disk.fail(1);
    rig.post(1, "BREAK");
    await rig.advance(30_000);
    expect([rig.status(1), rig.total(1)]).toEqual(["live", 1]);
  });

  it("tries again later where the store cannot be read", async () => {
    let down = false;
    const { Fault } = await import("#ports/faults.ts");
    const rig = await Rig.open(ALL, {
      store: (store) => ({
        ...store,
        read: async (...given) => {
          if (down) throw new Fault("STORE_BUSY", "the store is busy");
          return store.read(...given);
        },
      }),
    });
    await rig.say(1, "ADD", { by: 1 });
    down = true;
    rig.post(1, "BREAK");
    await rig.settle();
    expect(rig.events.map(({ type }) => type)).toEqual(["rebuilt", "stalled"]);
    down = false;
    await rig.advance(10_000);
    expect([rig.status(1), rig.total(1)]).toEqual(["live", 1]);
  });

  it("halts by name where its log does not lead to its head, and the others act", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ADD", { by: 1 });
    const next = new Rig({
      disk: rig.disk,
      store: (store) => ({
        ...store,
        read: async (bucket, from, limit) =>
          bucket === 1 && from > 0 ? [] : store.read(bucket, from, Math.min(limit, 1)),
      }),
    });
    await next.lead(ALL);
    expect(next.events).toMatchObject([{ type: "halted", bucket: 1 }]);
    expect((next.events[0] as { reason: string }).reason).toContain("LOG_MISSING");
    expect(await next.say(2, "ADD", { by: 1 })).toMatchObject({ kind: "ack" });
  });
});

const move = fc.record({
  verb: fc.constantFrom("ADD", "PING", "LATER", "ROLL", "ONCE", "FREE", "PRESS", "CLOSE", "AGAIN"),
  bucket: fc.constantFrom(1, 2),
  by: fc.integer({ min: -3, max: 9 }),
  afterMs: fc.array(fc.nat(3_000), { maxLength: 2 }),
  waitMs: fc.constantFrom(0, 0, 0, 40, 1_500),
  publishes: fc.boolean(),
});

describe("a snapshot and the records behind it", () => {
  it("give the state that the whole log gives", async () => {
    const property = fc.asyncProperty(
      fc.array(move, { minLength: 1, maxLength: 25 }),
      fc.nat(25),
      async (moves, cut) => {
        const rig = await Rig.open(ALL);
        for (const [at, { verb, bucket, by, afterMs, waitMs, publishes }] of moves.entries()) {
          if (publishes) await rig.say(256, "PUBLISH", { text: `${at}` });
          const body = { by, afterMs, bucket: 3 - bucket, key: `k${by}` };
          await rig.say(bucket, verb, body);
          await rig.advance(waitMs);
          if (at === cut)
            for (const b of ALL) await rig.store.saveSnapshot(savedState(rig.state(b)));
        }
        // One loads snapshot and tail, one the whole log; both know the documents.
        const [tail, whole] = [1, 2].map(
          (n) =>
            new Rig({
              disk: rig.disk,
              store: (store) =>
                n === 1 ? store : { ...store, loadSnapshot: async () => undefined },
            }),
        );
        for (const one of [tail!, whole!]) {
          for (const [hash, bytes] of rig.documents) one.documents.set(hash, bytes);
          const epoch = { generation: 0, revision: 0 }; // loads, and lets go: it is not the leader
          for (const bucket of ALL) await one.host.lead(bucket, epoch);
        }
        for (const bucket of ALL) {
          const live = rig.state(bucket);
          for (const one of [tail!.state(bucket), whole!.state(bucket)]) {
            expect(stateHashOf([one])).toBe(stateHashOf([live]));
            expect(one.encode()).toEqual(live.encode());
            expect([...one.asks.keys()]).toEqual([...live.asks.keys()]);
            expect(one.pinnedDocument).toBe(live.pinnedDocument);
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it("is passed over where another version wrote it: the log says the same", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ADD", { by: 4 });
    const saved = savedState(rig.state(1));
    const bytes = saved.bytes.slice();
    bytes[0] = STATE_FORMAT - 1;
    await rig.store.saveSnapshot({ ...saved, bytes });
    const next = new Rig({ disk: rig.disk });
    await next.host.lead(1, { generation: 0, revision: 0 }); // loads, and lets go
    expect(next.state(1).encode()).toEqual(rig.state(1).encode());
  });
});

describe("the next snapshot", () => {
  const limits = { ...HOST_LIMITS, snapshotRecords: 10 };
  const led = (records: number, snapshotAt: number, snapshotWeight = 0) => {
    const one = newLed(1, { generation: 0, revision: 1 }, 0);
    one.state.records = records;
    return Object.assign(one, { snapshotAt, snapshotWeight });
  };

  it.each([
    ["is due after so many records", led(10, 0), true],
    ["is not due before", led(9, 0), false],
    ["is due after as many of a long log", led(1_000_010, 1_000_000), true],
    ["waits for one for each sixteen rows that it writes anew", led(99, 0, 1_600), false],
    ["and is due then", led(100, 0, 1_600), true],
  ])("%s", (_, one, isDue) => {
    expect(isSnapshotDue(one, limits)).toBe(isDue);
    takeSnapshot(one);
    expect(isSnapshotDue(one, limits)).toBe(false);
  });
});

describe("buckets that are led all at once", () => {
  const SYSTEM = PUBLISHER;
  const others = Array.from({ length: LOADS_AT_A_TIME + 4 }, (_, at) => at + 1);
  let begun: number[];
  let gate: PromiseWithResolvers<void>;
  let rig: Rig;

  beforeEach(() => {
    begun = [];
    gate = Promise.withResolvers();
    rig = new Rig({
      store: (store) => ({
        ...store,
        loadSnapshot: async (bucket) => {
          begun.push(bucket);
          await gate.promise;
          return store.loadSnapshot(bucket);
        },
      }),
    });
  });

  it("are loaded some at a time, the system bucket at once and nothing else beside it", async () => {
    const epoch = await rig.store.lead([...others, SYSTEM]);
    const led = [SYSTEM, ...others].map((bucket) => rig.host.lead(bucket, epoch));
    await ticked();
    expect(begun).toEqual([SYSTEM]);
    gate.resolve();
    await Promise.all(led);
    expect(begun).toEqual([SYSTEM, ...others]);
    expect([...others, SYSTEM].map((bucket) => rig.status(bucket))).not.toContain("loading");
  });

  it("are loaded some at a time; the system bucket does not wait for those", async () => {
    const epoch = await rig.store.lead([...others, SYSTEM]);
    const led = [...others, SYSTEM].map((bucket) => rig.host.lead(bucket, epoch));
    await ticked();
    expect(new Set(begun)).toEqual(new Set([SYSTEM, ...others.slice(0, LOADS_AT_A_TIME)]));
    gate.resolve();
    await Promise.all(led);
    expect(begun).toHaveLength(others.length + 1);
  });

  it("are not loaded for nothing: one that was let go before its turn came", async () => {
    const epoch = await rig.store.lead(others);
    const led = others.map((bucket) => rig.host.lead(bucket, epoch));
    await ticked();
    const last = others.at(-1)!;
    rig.host.letGo(last, false);
    gate.resolve();
    await Promise.all(led);
    expect(begun).not.toContain(last);
    expect(rig.status(last)).toBe("lost");
  });
});
