import { describe, expect, it } from "vitest";
import { Rig, sender } from "../toy/rig.ts";

const ALL = [1, 2, 256];

describe("a turn of a bucket", () => {
  it("fires what is due before it takes an input, in order of deadline and arming", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [700, 300, 300] });
    rig.nowMs += 800;
    await rig.say(1, "ADD", { by: 1 });
    const records = await rig.records(1);
    const last = records.at(-1)!;
    expect(last.entries.map((e) => (e.kind === "derived" ? e.verb : e.kind))).toEqual([
      "RANG",
      "RANG",
      "RANG",
      "envelope",
      "COUNTED",
    ]);
    expect(rig.told).toHaveLength(3);
    expect(rig.told[0]).toEqual({ to: sender.did, notice: { rang: last.atMs } });
  });

  it("puts what an input causes right behind it", async () => {
    const rig = await Rig.open(ALL);
    rig.post(1, "ADD", { by: 1 });
    rig.post(1, "ROLL");
    rig.post(1, "ADD", { by: 2 });
    await rig.settle();
    const one = ["envelope", "COUNTED"];
    expect(await rig.story(1)).toEqual(["EPOCH", ...one, "envelope", "ROLLED", ...one]);
    expect(await rig.records(1)).toHaveLength(2);
  });

  it("acknowledges with the position and the record of the envelope", async () => {
    const rig = await Rig.open(ALL);
    rig.post(1, "ADD", { by: 1 });
    const id = rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    expect(rig.answerTo(id)).toEqual({ kind: "ack", position: 3, record: 1 });
  });

  it("logs nothing of what it refuses, and lets no time pass in the state", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ADD", { by: 1 });
    const [before, records] = [rig.state(1).atMs, await rig.records(1)];
    rig.nowMs += 500;
    expect(await rig.say(1, "ADD", { refuse: true })).toMatchObject({ code: "STATE" });
    expect(await rig.records(1)).toEqual(records);
    expect(rig.state(1).atMs).toBe(before);
  });

  const rows: [string, object, string][] = [
    ["an envelope that has expired", { expiresAtMs: 1 }, "EXPIRED"],
    ["a nonce below the window", { nonce: 1 }, "NONCE_OLD"],
    ["two ids for one nonce", { nonce: 100 }, "EQUIVOCATION"],
  ];
  it.each(rows)("refuses %s", async (_, change, code) => {
    const rig = await Rig.open(ALL);
    rig.nowMs = 1_000;
    await rig.say(1, "ADD", { by: 1 }, { nonce: 100 });
    expect(await rig.say(1, "ADD", { by: 2 }, { nonce: 101, ...change })).toMatchObject({ code });
    expect(rig.total(1)).toBe(1);
  });

  it.each([
    ["a stranger", "stranger", "NOT_REGISTERED"],
    ["what is lost", "lost", "WRONG_SWARM"],
  ])("answers %s where it came from, without a receipt, and counts it", async (_, policy, code) => {
    const rig = await Rig.open(ALL);
    const { id, wire } = rig.sign(1, "ADD", { by: 1 }, { policy });
    rig.host.receive(7, [wire]);
    await rig.settle();
    expect(rig.rejected).toEqual([{ code, connection: 7 }]);
    expect(rig.answerTo(id)).toBeUndefined();
    expect(rig.host.stats).toMatchObject({ rejected: 1, refused: 0 });
    expect(await rig.story(1)).toEqual(["EPOCH"]);
  });

  it("gives the same envelope the same answer and one effect (E6)", async () => {
    const rig = await Rig.open(ALL);
    const { id, wire } = rig.sign(1, "ADD", { by: 5 });
    rig.host.receive(0, [wire, wire]);
    await rig.settle();
    rig.host.receive(3, [wire]);
    await rig.settle();
    const answers = rig.receipts.filter(({ envelope }) => envelope === id).map((r) => r.answer);
    expect(answers).toHaveLength(3);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(rig.total(1)).toBe(5);
  });

  it("creates a decide key once, and again only after it was let go", async () => {
    const rig = await Rig.open(ALL);
    for (const verb of ["ONCE", "ONCE", "FREE", "ONCE"]) await rig.say(1, verb, { key: "k" });
    const decided = (await rig.entries(1)).flatMap((e) =>
      e.kind === "derived" ? [(e.body as { first: boolean }).first] : [],
    );
    expect(decided).toEqual([true, false, true]);
    expect(rig.status(1)).toBe("live");
  });

  it("steps a machine of XState like any other actor, timers included", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "PRESS");
    await rig.advance(600);
    await rig.say(1, "PRESS");
    await rig.say(1, "PRESS");
    await rig.advance(600);
    const derived = (await rig.story(1)).filter((verb) => /SHONE|DARKENED/.test(verb));
    expect(derived).toEqual(["SHONE", "DARKENED", "SHONE"]);
  });

  it("pins the newest document before anything else is taken", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(256, "PUBLISH", { text: "first" });
    await rig.say(256, "PUBLISH", { text: "second" });
    rig.nowMs += 40;
    await rig.say(2, "READ");
    expect(await rig.story(2)).toEqual(["EPOCH", "REGISTRY", "envelope", "READ_OUT"]);
    const entries = await rig.entries(2);
    expect(entries[1]).toMatchObject({ body: { revision: 2, ageMs: 40 } });
    expect(entries[3]).toMatchObject({ body: { text: "second" } });
    await rig.say(2, "READ");
    expect(await rig.story(2)).toHaveLength(6);
  });
});
