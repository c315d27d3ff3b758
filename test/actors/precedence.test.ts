/**
 * Which refusal is told where several apply. The door and the host: every pair of what can be wrong with
 * one envelope. The rules of the verbs: what they find is told by the same catalogue.
 */

import { beforeAll, describe, expect, it } from "vitest";
import { cidOf, sha256 } from "#envelope/cid.ts";
import { decodeSigned, encodeSigned, type Envelope } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { AgentVerb, Bodies } from "#protocol/bodies.ts";
import { PRECEDENCE, type RefusalCode } from "#protocol/refusals.ts";
import { World, type Cast } from "../support/world.ts";

const CREDIT = 1_000_000n;
const cast: readonly Cast[] = [
  { name: "r", roles: ["requester"], capability: "job" },
  { name: "w", roles: ["worker"], capability: "job", org: "w" },
  { name: "idle", roles: ["worker"], capability: "job", org: "i", stake: 5n * CREDIT },
  { name: "v", roles: ["verifier"], capability: "job", org: "v", stake: 200n * CREDIT },
];
const USED_NONCE = 200;
let lastNonce = USED_NONCE;
const nobody = signerFromSeed(sha256(new TextEncoder().encode("nobody")));

let world: World;
beforeAll(async () => {
  world = await World.open(cast);
  world.signers.set("nobody", nobody);
  await world.advance(10);
  // Nonces below the window, and one that is used, in both accounts that speak below.
  await world.say("v", "STAKE", { amount: 1n }, { nonce: USED_NONCE });
  const grant = { to: world.did("r"), amount: 1n, key: "one" };
  await world.say("operator", "TRANSFER", grant, { nonce: USED_NONCE });
});

/** A PAUSE that would be taken but for what is wrong with it. */
interface Draft {
  sender: string;
  body: Bodies["PAUSE"];
  change: Partial<Envelope>;
  isForged: boolean;
}

const FAULTS: readonly [RefusalCode, (draft: Draft) => void][] = [
  ["MALFORMED", (draft) => (draft.body = { ...draft.body, paused: "yes" as unknown as boolean })],
  ["WRONG_SWARM", ({ change }) => Object.assign(change, { swarm: "other.0123456789abcdef" })],
  ["SIGNATURE_INVALID", (draft) => (draft.isForged = true)],
  ["NOT_REGISTERED", (draft) => (draft.sender = "nobody")],
  ["NONCE_OLD", ({ change }) => Object.assign(change, { nonce: 1 })],
  ["EQUIVOCATION", ({ change }) => Object.assign(change, { nonce: USED_NONCE })],
  ["LAMPORT_JUMP", ({ change }) => Object.assign(change, { lamport: Number.MAX_SAFE_INTEGER })],
  ["EXPIRED", ({ change }) => Object.assign(change, { sentAtMs: 0, expiresAtMs: 1 })],
  ["VERB_NOT_ALLOWED", (draft) => (draft.sender = "v")],
  ["POLICY_DENIED", (draft) => (draft.body = { ...draft.body, who: { agent: nobody.did } })],
];
/** One envelope has one sender and one nonce, and a stranger has no nonces that were heard. */
const EXCLUSIVE: readonly (readonly RefusalCode[])[] = [
  ["NOT_REGISTERED", "NONCE_OLD", "EQUIVOCATION"],
  ["NOT_REGISTERED", "VERB_NOT_ALLOWED"],
];

const told = async (faults: readonly RefusalCode[]): Promise<string | undefined> => {
  const body = { who: { agent: world.did("w") }, paused: false };
  lastNonce += 1;
  const draft: Draft = { sender: "operator", body, change: { nonce: lastNonce }, isForged: false };
  for (const [code, spoil] of FAULTS) if (faults.includes(code)) spoil(draft);
  const { id, wire } = world.sign(draft.sender, "PAUSE", draft.body, draft.change);
  const forged = { ...decodeSigned(wire), signature: new Uint8Array(64).fill(1) };
  const before = world.rejected.length;
  world.send(draft.isForged ? encodeSigned(forged) : wire);
  await world.settle();
  const answer = world.receipts.get(id);
  if (answer?.kind === "nack") return answer.code;
  return answer?.kind ?? world.rejected[before]?.code;
};

describe("of two faults of one envelope", () => {
  const codes = FAULTS.map(([code]) => code);
  const pairs = codes.flatMap((first, i) =>
    codes
      .slice(i + 1)
      .filter((second) => !EXCLUSIVE.some((set) => set.includes(first) && set.includes(second)))
      .map((second) => [first, second] as const),
  );

  it("each alone is told, and none without one", async () => {
    expect(await told([])).toBe("ack");
    for (const code of codes) expect(await told([code])).toBe(code);
    expect(codes).toEqual(PRECEDENCE.filter((code) => codes.includes(code)));
  });

  it.each(pairs)("%s is told before %s", async (first, second) => {
    expect(await told([first, second])).toBe(first);
  });
});

describe("of several refusals that a verb's rules find", () => {
  const nowhere = cidOf(new Uint8Array(1));
  let need: string;
  beforeAll(async () => {
    need = await world.accept("r", "NEED", {
      key: "one",
      capability: "job",
      input: { value: 1 },
      bounty: 2n * CREDIT,
      verifyBounty: CREDIT / 2n,
      deadlineMs: 60_000,
    });
    const pass = { need, attempt: 1, bid: { pass: true as const } };
    const bid = { need, attempt: 1, bid: { open: { price: CREDIT, etaMs: 1_000, patch: [] } } };
    await world.accept("idle", "PROPOSE", pass);
    await world.accept("w", "PROPOSE", bid);
    const idle = { who: { agent: world.did("idle") }, paused: true };
    lastNonce += 1;
    await world.say("operator", "PAUSE", idle, { nonce: lastNonce });
    await world.advance(2_000); // the bucket pins the registry that says so
  });

  const code = async <V extends AgentVerb>(name: string, verb: V, body: Bodies[V]) => {
    const { answer } = await world.say(name, verb, body);
    return answer?.kind === "nack" ? answer.code : answer?.kind;
  };
  const offer = (to: string) => ({ need: to, attempt: 1, bid: { pass: true as const } });

  it("who may not bid at all is told so, also where no bids are taken", async () => {
    expect(await code("v", "PROPOSE", offer(need))).toBe("VERB_NOT_ALLOWED");
    expect(await code("w", "PROPOSE", offer(need))).toBe("WRONG_STATE");
  });

  it("a pause comes before the state of the need, and before a need that is not there", async () => {
    expect(await code("idle", "PROPOSE", offer(need))).toBe("PAUSED");
    expect(await code("idle", "PROPOSE", offer(nowhere))).toBe("PAUSED");
    expect(await code("w", "PROPOSE", offer(nowhere))).toBe("UNKNOWN_THREAD");
    expect(await code("idle", "STAKE", { amount: 10_000n * CREDIT })).toBe("PAUSED");
    expect(await code("idle", "UNSTAKE", { amount: 10_000n * CREDIT })).toBe("PAUSED");
  });

  it("what is not the sender's comes before the pause", async () => {
    const claim = { attempt: 1, ttlMs: 1_000 };
    expect(await code("idle", "CLAIM", { need, ...claim })).toBe("VERB_NOT_ALLOWED");
    expect(await code("idle", "CLAIM", { need: nowhere, ...claim })).toBe("PAUSED");
  });

  it("a preimage is the requester's, then the right one, then in time", async () => {
    const opened = { what: "draw" as const, need, attempt: 1, preimage: new Uint8Array(32) };
    expect(await code("w", "REVEAL", opened)).toBe("VERB_NOT_ALLOWED");
    expect(await code("r", "REVEAL", opened)).toBe("POLICY_DENIED");
  });

  it("the fence comes before the artifact", async () => {
    const result = { need, attempt: 1, revision: 1, artifact: nowhere, output: { a: 1 } };
    expect(await code("w", "COMMIT", result)).toBe("STALE_FENCE");
  });

  it("what is judged comes before who sits there", async () => {
    const vote = { need, attempt: 1, seat: 63, verdict: "pass" as const, policyDigest: "" };
    expect(await code("v", "ATTEST_PLAN", { ...vote, proposal: nowhere })).toBe("WRONG_STATE");
  });
});
