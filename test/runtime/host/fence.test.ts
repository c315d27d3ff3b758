import { describe, expect, it } from "vitest";
import { Rig } from "../toy/rig.ts";

const ALL = [1, 2, 256];

describe("two hosts that both believe they lead a bucket", () => {
  it("the older one's commits are refused, and nothing of it leaves (P4)", async () => {
    const old = await Rig.open(ALL);
    await old.say(1, "ADD", { by: 1 });
    const now = await Rig.open(ALL, { disk: old.disk });
    expect(now.total(1)).toBe(1);
    const [receipts, sent] = [old.receipts.length, old.sent.length];
    for (const verb of ["ADD", "PING", "LATER"])
      old.post(1, verb, { by: 5, bucket: 2, afterMs: [0] });
    await old.settle();
    await old.advance(5_000);
    expect([old.receipts.length, old.sent.length, old.told]).toEqual([receipts, sent, []]);
    expect(old.events).toEqual([{ type: "lost", bucket: 1 }]);
    await now.say(1, "ADD", { by: 2 }, { nonce: 2 });
    expect(now.total(1)).toBe(3);
    expect(await now.story(1)).toEqual([
      "EPOCH",
      "envelope",
      "COUNTED",
      "EPOCH",
      "envelope",
      "COUNTED",
    ]);
  });

  it("the older one, asked to lead again under its old epoch, lets the bucket go", async () => {
    const old = new Rig();
    const epoch = await old.store.lead([1]);
    const now = await Rig.open([1], { disk: old.disk });
    await old.host.lead(1, epoch);
    await old.settle();
    expect([old.events, old.status(1)]).toEqual([[{ type: "lost", bucket: 1 }], "lost"]);
    expect(now.status(1)).toBe("live");
    expect(await now.story(1)).toEqual(["EPOCH"]);
  });

  it("a bucket that is loaded again under its epoch logs no second EPOCH", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "ADD", { by: 1 });
    rig.post(1, "BREAK");
    for (let n = 0; n < 2; n += 1) await rig.settle();
    expect(rig.status(1)).toBe("live");
    expect((await rig.story(1)).filter((verb) => verb === "EPOCH")).toHaveLength(1);
    // The next epoch says which one it follows, and only then may that one's secret be opened.
    const next = await Rig.open([1], { disk: rig.disk });
    const epochs = (await next.entries(1)).flatMap((e) => (e.kind === "given" ? [e.body] : []));
    expect(epochs).toMatchObject([{ revision: 1 }, {}, { revision: 2, after: 1 }]);
  });
});
