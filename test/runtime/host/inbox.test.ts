import { describe, expect, it } from "vitest";
import { BUS_CONNECTION, BUS_LANES_MAX, HOST_LIMITS } from "#runtime/host/environment.ts";
import { Inbox } from "#runtime/host/inbox.ts";
import { signerOf, spoken } from "../toy/rig.ts";

const ROOM = 60;
const [ada, bob, eve, mob] = ["ada", "bob", "eve", "mob"].map((name) => signerOf(name).did) as [
  string,
  string,
  string,
  string,
];
const PORT = 7;

const wireFrom = (did: string): Uint8Array =>
  spoken("ADD", { by: 1 }, 1, "bucket:1", { from: did }).wire;

/** An inbox with so much room for each connection, where ada, bob and eve are known. */
const inboxOf = (turnInputsMax = 10) => {
  const outside = { messagesMax: 2 * ROOM, senderMessagesMax: ROOM, reservedMax: 1 };
  const limits = { ...HOST_LIMITS, outside, turnInputsMax, crowdInputs: turnInputsMax };
  const inbox = new Inbox(limits, { knows: (did) => [ada, bob, eve].includes(did) });
  const wires = new Map([ada, bob, eve, mob].map((did) => [did, wireFrom(did)]));
  /** How many of these are taken. */
  const offer = (did: string, count = 1, connection = BUS_CONNECTION): number =>
    Array.from({ length: count }).filter(() => inbox.envelope(connection, wires.get(did)!)).length;
  const lanes = (): string[] => inbox.takeWires().map(({ lane }) => lane);
  return { inbox, offer, lanes };
};

describe("what waits of the bus", () => {
  it("is taken in turns of those who are known, whoever floods", () => {
    const { offer, lanes } = inboxOf();
    offer(eve, ROOM);
    offer(ada, 3);
    offer(bob, 2);
    const taken = lanes();
    expect(taken.filter((lane) => lane === ada)).toHaveLength(3);
    expect(taken.filter((lane) => lane === bob)).toHaveLength(2);
  });

  it("is one lane of all who are not known, and of what is no envelope", () => {
    const { inbox, offer, lanes } = inboxOf();
    offer(mob, 8);
    for (let n = 0; n < 8; n += 1) inbox.envelope(BUS_CONNECTION, Uint8Array.of(n));
    offer(ada);
    const taken = lanes();
    expect(new Set(taken)).toHaveLength(2);
    expect(taken.slice(0, 2)).toContain(ada);
  });

  it("fills half of the room where one floods, and of more each a fair part: room is left", () => {
    const { offer } = inboxOf();
    expect(offer(eve, 10 * ROOM)).toBe(ROOM / 2);
    expect(offer(mob, 10 * ROOM)).toBe(ROOM / 4);
    expect(offer(bob, 10 * ROOM)).toBe(8);
    expect(offer(ada, 3)).toBe(3);
  });

  it("has the room of one connection in all, and what it had again once it is taken", () => {
    const { offer, lanes } = inboxOf(ROOM);
    for (let round = 0; round < ROOM; round += 1) for (const did of [ada, bob, eve]) offer(did);
    const all = lanes();
    expect(all.length).toBeLessThanOrEqual(ROOM);
    expect(offer(eve, ROOM)).toBe(ROOM / 2);
    expect(lanes()).toHaveLength(ROOM / 2);
  });

  it("leaves the connections of this process what they had", () => {
    const { offer } = inboxOf();
    for (const did of [eve, mob, bob, ada]) offer(did, 10 * ROOM);
    expect(offer(ada, 2 * ROOM, PORT)).toBe(ROOM);
  });

  it("puts who comes after BUS_LANES_MAX others with the strangers", () => {
    const known = Array.from({ length: BUS_LANES_MAX + 2 }, (_, n) => signerOf(`agent ${n}`).did);
    const inbox = new Inbox(HOST_LIMITS, { knows: () => true });
    for (const did of [...known, known[0]!]) inbox.envelope(BUS_CONNECTION, wireFrom(did));
    const lanes: string[] = [];
    for (let taken = inbox.takeWires(); taken.length > 0; taken = inbox.takeWires())
      lanes.push(...taken.map(({ lane }) => lane));
    expect(lanes).toHaveLength(BUS_LANES_MAX + 3);
    expect(new Set(lanes)).toHaveLength(BUS_LANES_MAX + 1);
    expect(lanes.filter((lane) => lane === known[0])).toHaveLength(2);
  });
});

describe("a crowd on the bus", () => {
  it("is made by work beside the junk that comes under other names", () => {
    const { inbox, offer } = inboxOf(4);
    offer(eve, 3);
    offer(ada, 1);
    for (const { lane } of inbox.takeWires()) if (lane === ada) inbox.known(lane);
    offer(ada, 10);
    inbox.takeWires();
    expect(inbox.isCrowded).toBe(true);
  });

  it("is not made by junk under one name, however much work another has brought", () => {
    const { inbox, offer } = inboxOf(4);
    offer(eve, 25);
    offer(ada, 2);
    for (const { lane } of inbox.takeWires()) if (lane === ada) inbox.known(lane);
    inbox.takeWires();
    expect(inbox.isCrowded).toBe(false);
  });

  it("is not made by junk that had no turn because more lanes wait than a turn takes of", () => {
    const { inbox, offer } = inboxOf(2);
    for (const did of [ada, bob, eve]) offer(did, 12);
    for (let turn = 0; turn < 8; turn += 1) inbox.takeWires();
    expect(inbox.isCrowded).toBe(false);
  });

  it("is not made by forged names that are new in every turn", () => {
    const names = Array.from({ length: 120 }, (_, at) => signerOf(`forged ${at}`).did);
    const outside = { messagesMax: 2 * ROOM, senderMessagesMax: ROOM, reservedMax: 1 };
    const limits = { ...HOST_LIMITS, outside, turnInputsMax: 10, crowdInputs: 10 };
    const inbox = new Inbox(limits, { knows: () => true });
    const wires = names.map(wireFrom);
    for (let turn = 0; turn < 6; turn += 1) {
      // None of what is taken turns out to be work.
      for (const wire of wires.slice(turn * 20, turn * 20 + 20))
        inbox.envelope(BUS_CONNECTION, wire);
      if (turn > 1) expect([turn, inbox.isCrowded]).toEqual([turn, false]);
      inbox.takeWires();
    }
  });

  it("is counted anew when something comes", () => {
    const { inbox, offer } = inboxOf(4);
    offer(ada, 3);
    expect(inbox.isCrowded).toBe(false);
    offer(ada, 3);
    expect(inbox.isCrowded).toBe(true);
  });
});
