import { beforeAll, expect, it } from "vitest";
import { cidOf, sha256 } from "#envelope/cid.ts";
import { decodeSigned, encodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { query } from "#actors/application.ts";
import type { EquivocationStatus } from "#actors/queries.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import { REFUSALS } from "#protocol/refusals.ts";
import { World, type Cast } from "../support/world.ts";

const CREDIT = 1_000_000n;
const cast: readonly Cast[] = [
  { name: "r", roles: ["requester"], capability: "job" },
  { name: "w", roles: ["worker"], capability: "job", org: "w" },
  { name: "v1", roles: ["verifier"], capability: "job", org: "o1", stake: 200n * CREDIT },
  { name: "v2", roles: ["verifier"], capability: "job", org: "o2", stake: 200n * CREDIT },
];
const body = (key: string, change: Partial<NeedBody> = {}): NeedBody => ({
  key,
  capability: "job",
  input: { value: key },
  bounty: 2n * CREDIT,
  verifyBounty: CREDIT / 2n,
  deadlineMs: 60_000,
  ...change,
});

let world: World;
beforeAll(async () => {
  world = await World.open(cast);
});

const codeOf = async (name: string, need: NeedBody, change = {}): Promise<string | undefined> => {
  const { answer } = await world.say(name, "NEED", need, change);
  return answer?.kind === "nack" ? answer.code : answer?.kind;
};

it("acknowledges a NEED only after the ledger's hold, and holds exactly the worst case", async () => {
  const before = world.books().escrows;
  const { answer } = await world.say("r", "NEED", body("hold"));
  expect(answer?.kind).toBe("ack");
  // bounty + verifyBounty × 1 × 3 failures + a fifth of it × 1 × 10 candidates (K is 1 in bootstrap).
  expect(world.books().escrows - before).toBe(2_000_000n + 1_500_000n + 1_000_000n);
});

it("refuses an envelope that has expired", async () => {
  await world.advance(10);
  const change = { expiresAtMs: 1, sentAtMs: 0 };
  expect(await codeOf("r", body("refused-expired"), change)).toBe("EXPIRED");
});

it("answers strangers by a transport error, never signed: swarm, place, registration", async () => {
  const need = await world.accept("r", "NEED", body("strangers"));
  world.signers.set("nobody", signerFromSeed(sha256(new TextEncoder().encode("nobody"))));
  const pass = { need, attempt: 1, bid: { pass: true as const } };
  const strange = [
    ["MALFORMED", world.sign("w", "PROPOSE", pass, { thread: cidOf(new Uint8Array(1)) })],
    ["MALFORMED", world.sign("v1", "STAKE", { amount: 1n }, { thread: `acct:${world.did("w")}` })],
    ["MALFORMED", world.sign("r", "NEED", body("placed"), { thread: need })],
    ["WRONG_SWARM", world.sign("r", "NEED", body("far"), { swarm: "other.0123456789abcdef" })],
    ["NOT_REGISTERED", world.sign("nobody", "PROPOSE", pass)],
    ["NOT_REGISTERED", world.sign("nobody", "STAKE", { amount: 1n })],
  ] as const;
  const counted = world.host.stats.rejected;
  for (const [code, { id, wire }] of strange) {
    const [before, logged] = [world.rejected.length, (await world.logOf(need)).length];
    world.send(wire);
    await world.settle();
    expect(world.rejected.slice(before)).toMatchObject([{ code }]);
    expect(world.receipts.get(id)).toBeUndefined();
    expect(await world.logOf(need)).toHaveLength(logged);
  }
  expect(world.host.stats.rejected - counted).toBe(strange.length);
  for (const [code] of strange) expect(REFUSALS[code].signed).toBe(false);
});

it.each([
  ["a bounty above its tier's cap", "BOUNTY_CAP", { bounty: 51n * CREDIT }],
  ["a capability that nobody has", "CAPABILITY_UNKNOWN", { capability: "none" }],
  ["a quorum that the pool cannot fill", "QUORUM_UNAVAILABLE", { kResult: 3 }],
  [
    "a need that the account cannot fund",
    "INSUFFICIENT_FUNDS",
    { bounty: 50n * CREDIT, verifyBounty: 1_000n * CREDIT },
  ],
] as const)("refuses %s", async (_what, code, change) => {
  const before = world.books();
  expect(await codeOf("r", body(`refused-${code}`, change))).toBe(code);
  expect(world.books().escrows).toBe(before.escrows);
});

it("tells the foremost of several refusals: expiry before the cap, the cap before the quorum", async () => {
  expect(await codeOf("r", body("both", { bounty: 51n * CREDIT, kResult: 3 }))).toBe("BOUNTY_CAP");
  expect(
    await codeOf("r", body("all", { bounty: 51n * CREDIT }), { expiresAtMs: 1, sentAtMs: 0 }),
  ).toBe("EXPIRED");
});

it("answers the same envelope with its first answer, and takes it once (E6)", async () => {
  const { id, wire } = world.sign("r", "NEED", body("twice"));
  world.send(wire);
  await world.settle();
  const first = world.receipts.get(id);
  const held = world.books().escrows;
  world.receipts.delete(id);
  world.send(wire, wire);
  await world.settle();
  expect(world.receipts.get(id)).toEqual(first);
  expect(world.books().escrows).toBe(held);
});

it("finds the first need under a key, and refuses the key for another content", async () => {
  const first = await world.accept("r", "NEED", body("key"));
  const again = await world.say("r", "NEED", body("key"), { lamport: 7 });
  expect(again.answer).toMatchObject({ kind: "ack", extra: { first } });
  expect(world.need(again.id)?.ended?.outcome).toBe("duplicate");
  expect(await codeOf("r", body("key", { bounty: CREDIT }))).toBe("KEY_REUSED");
});

it("refuses two envelopes under one nonce and keeps the first", async () => {
  const staked = world.books().stakes.length;
  const nonce = { nonce: 40 };
  await world.say("v1", "STAKE", { amount: 1n }, nonce);
  const { answer } = await world.say("v1", "STAKE", { amount: 2n }, nonce);
  expect(answer).toMatchObject({ kind: "nack", code: "EQUIVOCATION" });
  expect(world.books().stakes.length).toBe(staked);
});

const pairs = (): EquivocationStatus[] =>
  query(world.host, "equivocations", undefined) as EquivocationStatus[];

it("keeps the first pair of who equivocates in the log and the state, and no second one", async () => {
  const need = await world.accept("r", "NEED", body("equivocates"));
  const pass = { need, attempt: 1, bid: { pass: true as const } };
  const open = { ...pass, bid: { open: { price: CREDIT, etaMs: 1_000, patch: [] } } };
  const first = await world.accept("w", "PROPOSE", open);
  const second = await world.say("w", "PROPOSE", pass, { nonce: 1 });
  const third = await world.say("w", "PROPOSE", { ...pass, attempt: 2 }, { nonce: 1 });
  for (const { answer } of [second, third])
    expect(answer).toMatchObject({ kind: "nack", code: "EQUIVOCATION" });
  const logged = (await world.logOf(need)).filter(
    ({ entry }) => entry.kind === "given" && entry.verb === "EQUIVOCATION",
  );
  expect(logged).toHaveLength(1);
  const pair = { from: world.did("w"), thread: need, nonce: 1, first, second: second.id };
  expect(pairs().filter(({ from }) => from === world.did("w"))).toMatchObject([pair]);
  const { position } = pairs().find(({ from }) => from === world.did("w"))!;
  expect((await world.logOf(need))[position]?.entry).toMatchObject({ signed: { id: first } });
  const { live, replayed } = await world.hashes();
  expect(replayed).toBe(live);
});

it("refuses a lamport number too far above the highest of its thread, whoever said that one", async () => {
  const jump = world.genesis.parameters.lamportJumpMax;
  const far = { lamport: jump + 1 };
  expect(await codeOf("r", body("lamport"), far)).toBe("LAMPORT_JUMP");
  expect(await codeOf("r", body("lamport-high"), { lamport: jump })).toBe("ack");
  const say = (lamport: number) => world.say("v1", "STAKE", { amount: 1n }, { lamport });
  expect((await say(jump + 5)).answer).toMatchObject({ code: "LAMPORT_JUMP" });
  expect((await say(jump)).answer).toMatchObject({ kind: "ack" });
  // The bound moves with what was taken, and never back.
  expect((await say(2 * jump)).answer).toMatchObject({ kind: "ack" });
  expect((await say(1)).answer).toMatchObject({ kind: "ack" });
  expect((await say(3 * jump)).answer).toMatchObject({ kind: "ack" });
});

it("tells equivocation before the jump, and the jump before expiry", async () => {
  const both = { lamport: Number.MAX_SAFE_INTEGER, expiresAtMs: 1, sentAtMs: 0 };
  expect(await codeOf("r", body("jumps-late"), both)).toBe("LAMPORT_JUMP");
  await world.say("v1", "STAKE", { amount: 1n }, { nonce: 30 });
  const { answer } = await world.say("v1", "STAKE", { amount: 2n }, { nonce: 30, ...both });
  expect(answer).toMatchObject({ code: "EQUIVOCATION" });
});

it("refuses a nonce below the window", async () => {
  await world.say("v2", "STAKE", { amount: 1n }, { nonce: 200 });
  const { answer } = await world.say("v2", "STAKE", { amount: 1n }, { nonce: 100 });
  expect(answer).toMatchObject({ kind: "nack", code: "NONCE_OLD" });
});

it("answers what it cannot believe without a signature, and logs nothing of it", async () => {
  const { wire } = world.sign("r", "NEED", body("forged"));
  const signed = decodeSigned(wire);
  const forged = encodeSigned({ ...signed, signature: new Uint8Array(64).fill(1) });
  const before = world.rejected.length;
  world.send(forged, new Uint8Array([1, 2, 3]), new Uint8Array(70_000));
  await world.settle();
  expect(
    world.rejected
      .slice(before)
      .map(({ code }) => code)
      .sort(),
  ).toEqual(["MALFORMED", "MALFORMED", "SIGNATURE_INVALID"]);
  expect(world.need(signed.id)).toBeUndefined();
});

it("lets only the parties speak: awards, seats and cancels belong to those whom the log names", async () => {
  const need = await world.accept("r", "NEED", body("parties"));
  const bid = { open: { price: CREDIT, etaMs: 1_000, patch: [] } };
  expect((await world.say("v1", "PROPOSE", { need, attempt: 1, bid })).answer).toMatchObject({
    code: "VERB_NOT_ALLOWED",
  });
  expect((await world.say("w", "CANCEL", { need })).answer).toMatchObject({
    code: "VERB_NOT_ALLOWED",
  });
  expect((await world.say("w", "CLAIM", { need, attempt: 1, ttlMs: 1_000 })).answer).toMatchObject({
    code: "VERB_NOT_ALLOWED",
  });
  const dear = { open: { price: 3n * CREDIT, etaMs: 1_000, patch: [] } };
  expect((await world.say("w", "PROPOSE", { need, attempt: 1, bid: dear })).answer).toMatchObject({
    code: "BID_INVALID",
  });
  await world.accept("w", "PROPOSE", { need, attempt: 1, bid });
  expect(world.need(need)?.stage).toBe("planning");
  const proposal = need;
  const vote = { need, attempt: 1, proposal, seat: 0, verdict: "pass" as const, policyDigest: "" };
  expect((await world.say("w", "ATTEST_PLAN", vote)).answer).toMatchObject({ kind: "nack" });
});

it("what was refused for good is refused when it comes again, though it would pass now", async () => {
  const body = { to: world.did("w"), amount: 5_000n * CREDIT, key: "too much" };
  const { id, thread, wire } = world.sign("r", "TRANSFER", body);
  world.send(wire);
  await world.settle();
  const refused = { kind: "nack", code: "INSUFFICIENT_FUNDS" };
  expect(world.receipts.get(id)).toMatchObject(refused);
  await world.accept("operator", "TRANSFER", {
    to: world.did("r"),
    amount: 10_000n * CREDIT,
    key: "enough",
  });
  const before = world.books().balances;
  world.receipts.delete(id);
  world.send(wire);
  await world.settle();
  expect(world.receipts.get(id)).toMatchObject(refused);
  expect(world.books().balances).toEqual(before);
  expect(thread).toBe(`acct:${world.did("r")}`);
});
