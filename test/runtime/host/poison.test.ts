import { describe, expect, it } from "vitest";
import { Rig } from "../toy/rig.ts";

const ALL = [1, 2, 256];

describe("an input that makes its turn throw", () => {
  it("is set aside after three tries; what came with it goes on, in its order", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ADD", { by: 1 });
    const ids = [
      rig.post(1, "ADD", { by: 2 }),
      rig.post(1, "BREAK"),
      rig.post(1, "ADD", { by: 3 }),
    ];
    await rig.settle();
    await rig.settle();
    expect(rig.events.map(({ type }) => type)).toEqual([
      "rebuilt",
      "rebuilt",
      "rebuilt",
      "dead_letter",
    ]);
    expect(rig.total(1)).toBe(6);
    expect(ids.map((id) => rig.answerTo(id))).toMatchObject([
      { kind: "ack" },
      { kind: "nack", code: "DEAD_LETTERED" },
      { kind: "ack" },
    ]);
    const letter = (await rig.entries(1)).find((e) => e.kind === "given" && e.verb !== "EPOCH");
    expect(letter).toMatchObject({ verb: "DEAD_LETTER", body: { input: ids[1] } });
  });

  it("does not touch other buckets", async () => {
    const rig = await Rig.open(ALL);
    rig.post(1, "BREAK");
    const ids = [rig.post(2, "ADD", { by: 1 }), rig.post(2, "PING", { bucket: 256 })];
    await rig.settle();
    expect(ids.map((id) => rig.answerTo(id)?.kind)).toEqual(["ack", "ack"]);
    expect(rig.events.every(({ bucket }) => bucket === 1)).toBe(true);
  });

  it("stays set aside after a restart, without a further try", async () => {
    const rig = await Rig.open(ALL);
    const { id, wire } = rig.sign(1, "BREAK");
    rig.host.receive(0, [wire]);
    await rig.settle();
    await rig.settle();
    const next = await Rig.open(ALL, { disk: rig.disk });
    next.host.receive(0, [wire]);
    await next.settle();
    expect(next.answerTo(id)).toMatchObject({ code: "DEAD_LETTERED" });
    expect(next.events).toEqual([]);
  });

  it("is set aside at once where threads died of it before", async () => {
    const killer = new Rig().sign(1, "BREAK", { how: "exit" });
    const rig = await Rig.open(ALL, { dead: [killer.id] });
    rig.host.receive(0, [killer.wire]);
    await rig.settle();
    expect(rig.answerTo(killer.id)).toMatchObject({ code: "DEAD_LETTERED" });
    expect(await rig.story(1)).toEqual(["EPOCH", "DEAD_LETTER"]);
  });

  it("given from outside, is set aside too, and the next one of its kind is taken", async () => {
    const rig = await Rig.open(ALL);
    rig.host.give(1, "SPOIL", { n: 1 });
    rig.host.give(1, "SAY", { n: 2 });
    await rig.settle();
    await rig.settle();
    expect(await rig.story(1)).toEqual(["EPOCH", "DEAD_LETTER", "SAY", "SAID"]);
  });

  it("is named while it is in hand, and nothing is once the turn is done", async () => {
    const rig = await Rig.open(ALL);
    rig.inHand.length = 0;
    const id = rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    expect(rig.inHand).toEqual(["bucket:1", id, ""]);
  });
});

describe("what no input caused", () => {
  it("halts its bucket by name when a timer throws", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [100], fails: true });
    await rig.advance(500);
    expect(rig.events).toEqual([{ type: "halted", bucket: 1, reason: "the alarm is broken" }]);
    expect(await rig.say(2, "ADD", { by: 1 })).toMatchObject({ kind: "ack" });
  });

  it("halts its bucket where threads died of its timers or its log", async () => {
    const rig = await Rig.open(ALL, { dead: ["bucket:2"] });
    expect(rig.events).toMatchObject([{ type: "halted", bucket: 2 }]);
    expect(await rig.story(2)).toEqual([]);
    expect(await rig.say(1, "ADD", { by: 1 })).toMatchObject({ kind: "ack" });
  });
});
