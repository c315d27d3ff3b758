import { describe, expect, it } from "vitest";
import { HOST_LIMITS, type BucketMessage } from "#runtime/host/environment.ts";
import { Rig } from "../toy/rig.ts";

const ALL = [1, 2, 256];

describe("an ask of another bucket", () => {
  it("is answered once, and its answer is a logged input", async () => {
    const rig = await Rig.open(ALL);
    const answer = await rig.say(1, "PING", { bucket: 2 });
    expect(answer).toMatchObject({ kind: "ack", extra: { pong: 1 } });
    expect(await rig.story(1)).toEqual(["EPOCH", "envelope", "answer", "PONG"]);
    expect(await rig.story(2)).toEqual(["EPOCH", "ask"]);
    expect(rig.state(1).asks.size).toBe(0);
  });

  it("may go to its own bucket", async () => {
    const rig = await Rig.open(ALL);
    expect(await rig.say(1, "PING", { bucket: 1 })).toMatchObject({ extra: { pong: 1 } });
  });

  it("is sent again under its number, and has one effect however often it comes (E6)", async () => {
    const rig = await Rig.open(ALL);
    const lost: BucketMessage[] = [];
    rig.carry = (message) => void lost.push(message);
    const ping = rig.post(1, "PING", { bucket: 2 });
    await rig.settle();
    await rig.say(1, "AGAIN", { ping });
    expect(lost.map(({ number, role }) => [number, role])).toEqual([
      [0, "ask"],
      [0, "ask"],
    ]);
    rig.carry = (message) => rig.host.message(message);
    for (const message of [...lost, ...lost]) rig.host.message(message);
    await rig.settle();
    expect(rig.answerTo(ping)).toMatchObject({ extra: { pong: 1 } });
    expect(await rig.story(2)).toEqual(["EPOCH", "ask"]);
    expect((await rig.story(1)).filter((verb) => verb === "answer")).toHaveLength(1);
    expect(rig.host.stats.dropped).toBe(3); // three further answers found nobody waiting
  });

  it("tells the lowest number that is still open, so that older answers may be forgotten", async () => {
    const rig = await Rig.open(ALL);
    const held: BucketMessage[] = [];
    rig.carry = (message) => void held.push(message);
    for (let n = 0; n < 3; n += 1) await rig.say(1, "PING", { bucket: 2 });
    expect(held.map(({ number, floor }) => [number, floor])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    rig.carry = (message) => rig.host.message(message);
    for (const at of [1, 0]) rig.host.message(held[at]!);
    await rig.settle();
    expect(rig.state(1).floor).toBe(2);
    await rig.say(1, "PING", { bucket: 2 });
    expect(rig.sent.at(-2)).toMatchObject({ number: 3, floor: 2, role: "ask" });
    // A late copy of what lies below the floor is neither logged nor answered.
    const [story, sent] = [await rig.story(2), rig.sent.length];
    rig.host.message(held[0]!);
    await rig.settle();
    expect([await rig.story(2), rig.sent.length]).toEqual([story, sent]);
  });

  it("loses its answer once its actor has stopped", async () => {
    const rig = await Rig.open(ALL);
    const held: BucketMessage[] = [];
    rig.carry = (message) => void held.push(message);
    const ping = rig.post(1, "PING", { bucket: 2 });
    await rig.settle();
    await rig.say(1, "CLOSE", { ping });
    expect(rig.state(1).floor).toBe(1);
    rig.carry = (message) => rig.host.message(message);
    rig.host.message(held[0]!);
    await rig.settle();
    expect(await rig.story(1)).toEqual(["EPOCH", "envelope", "envelope"]);
    expect(rig.host.stats.dropped).toBe(1);
  });

  it("does not leave without room for its answer, and leaves later", async () => {
    const inside = { messagesMax: 8, senderMessagesMax: 8, reservedMax: 1 };
    const rig = await Rig.open(ALL, { limits: { ...HOST_LIMITS, inside } });
    rig.carry = () => {};
    const pings = [rig.post(1, "PING", { bucket: 2 }), rig.post(1, "PING", { bucket: 2 })];
    await rig.settle();
    expect(rig.sent.map(({ number }) => number)).toEqual([0]);
    rig.carry = (message) => rig.host.message(message);
    await rig.say(1, "AGAIN", { ping: pings[0] });
    await rig.say(1, "AGAIN", { ping: pings[1] });
    expect(pings.map((ping) => rig.answerTo(ping)?.kind)).toEqual(["ack", "ack"]);
  });

  it("is answered even where the other bucket's room is full of asks", async () => {
    const inside = { messagesMax: 2, senderMessagesMax: 2, reservedMax: 8 };
    const rig = await Rig.open(ALL, { limits: { ...HOST_LIMITS, inside } });
    const pings = Array.from({ length: 4 }, () => rig.post(1, "PING", { bucket: 2 }));
    await rig.settle();
    expect(rig.host.stats.dropped).toBe(2);
    for (const ping of pings) await rig.say(1, "AGAIN", { ping });
    expect(pings.map((ping) => rig.answerTo(ping)?.kind)).toEqual(Array(4).fill("ack"));
  });
});
