import { expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { bucketOf } from "#envelope/cid.ts";
import { BUS_CONNECTION, HOST_LIMITS } from "#runtime/host/environment.ts";
import { Rig, sender, signerOf, spoken } from "../toy/rig.ts";

const TURN = 4;
/** What a turn may leave behind. */
const LEFT = 2;
const CROWD = 40;

/** A host that takes four inputs in a turn, and an envelope that opens a thread there. */
const crowdable = async () => {
  const opening = spoken("ADD", { by: 1 }, 1, undefined);
  const buckets = [1, bucketOf(opening.id)];
  const limits = { ...HOST_LIMITS, turnInputsMax: TURN, crowdInputs: LEFT };
  const rig = await Rig.open(buckets, { limits });
  /** Each of a connection of its own, so that none waits behind the crowd. */
  const send = (): void => rig.host.receive(7, [opening.wire]);
  const crowd = (): string[] => Array.from({ length: CROWD }, () => rig.post(1, "ADD", { by: 1 }));
  return { rig, opening, send, crowd };
};

it("opens no thread while a turn leaves more behind than it may; what is under way goes on", async () => {
  const { rig, opening, send, crowd } = await crowdable();
  const under = crowd();
  send();
  await rig.settle();
  expect(rig.answerTo(opening.id)).toEqual({
    kind: "nack",
    code: "MAILBOX_FULL",
    detail: "what is under way goes first",
  });
  for (const id of under) expect(rig.answerTo(id)).toMatchObject({ kind: "ack" });
  expect(rig.total(1)).toBe(CROWD);
});

it("the same bytes are taken once there is room", async () => {
  const { rig, opening, send, crowd } = await crowdable();
  crowd();
  send();
  await rig.settle();
  send();
  await rig.settle();
  expect(rig.answerTo(opening.id)).toMatchObject({ kind: "ack" });
  expect(rig.total(bucketOf(opening.id))).toBe(1);
});

it("what was opened before the crowd is acknowledged again in it (E6)", async () => {
  const { rig, opening, send, crowd } = await crowdable();
  send();
  await rig.settle();
  const before = rig.receipts.length;
  crowd();
  send();
  await rig.settle();
  const again = rig.receipts.slice(before).filter(({ envelope }) => envelope === opening.id);
  expect(again).toMatchObject([{ answer: { kind: "ack" } }]);
  expect(rig.total(bucketOf(opening.id))).toBe(1);
});

/** Envelopes that are signed well, by somebody who may not speak here. */
const strangers = (): readonly Uint8Array[] =>
  Array.from(
    { length: CROWD },
    (_, n) => spoken("ADD", { by: 1 }, n + 1, "bucket:1", { policy: "stranger" }).wire,
  );

it.each([
  ["bytes that are no envelopes", () => Array.from({ length: CROWD }, (_, n) => Uint8Array.of(n))],
  ["what strangers say", strangers],
])("%s are no crowd, however many wait", async (_, made) => {
  const { rig, opening, send } = await crowdable();
  const junk = made();
  rig.host.receive(3, junk);
  await rig.settle();
  rig.host.receive(3, junk);
  send();
  await rig.settle();
  expect(rig.rejected).toHaveLength(2 * CROWD);
  expect(rig.answerTo(opening.id)).toMatchObject({ kind: "ack" });
});

it("work beside junk on another connection is a crowd", async () => {
  const { rig, opening, send, crowd } = await crowdable();
  const junk = Array.from({ length: CROWD }, (_, n) => Uint8Array.of(n));
  rig.host.receive(3, junk);
  await rig.settle();
  rig.host.receive(3, junk);
  crowd();
  send();
  await rig.settle();
  expect(rig.answerTo(opening.id)).toMatchObject({ code: "MAILBOX_FULL" });
});

it("what is said on the bus in the name of one is no crowd for what another says there", async () => {
  const { rig, opening } = await crowdable();
  const victim = signerOf("victim").did;
  const text = `${victim} ${sender.did}`;
  rig.host.document({ revision: 1, hash: "h", document: encode({ text }) });
  const forged = Array.from(
    { length: CROWD },
    (_, n) => spoken("ADD", { by: 1 }, n + 1, "bucket:1", { from: victim }).wire,
  );
  rig.host.receive(BUS_CONNECTION, forged.slice(0, TURN));
  rig.post(1, "ADD", { by: 1 });
  await rig.settle();
  rig.host.receive(BUS_CONNECTION, forged);
  rig.host.receive(BUS_CONNECTION, [opening.wire]);
  await rig.settle();
  expect(rig.answerTo(opening.id)).toMatchObject({ kind: "ack" });
});

it("work that follows work is a crowd", async () => {
  const { rig, opening, send, crowd } = await crowdable();
  await rig.say(1, "ADD", { by: 1 });
  crowd();
  send();
  await rig.settle();
  expect(rig.answerTo(opening.id)).toMatchObject({ code: "MAILBOX_FULL" });
});

it.each([
  ["ack", LEFT],
  ["nack", LEFT + 1],
] as const)("is answered %s where a turn leaves %i behind", async (kind, left) => {
  const { rig, opening, send } = await crowdable();
  send();
  for (let n = 0; n < TURN - 1 + left; n += 1) rig.post(1, "ADD", { by: 1 });
  await rig.settle();
  expect(rig.answerTo(opening.id)).toMatchObject({ kind });
});
