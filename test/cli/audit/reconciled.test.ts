/** Evidence in a log is what it is said to be, or the log is broken. */

import { describe, expect, it } from "vitest";
import { Broken } from "#cli/audit/chain.ts";
import { signedIn } from "#cli/audit/signed-in.ts";
import { cidOf } from "#envelope/cid.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { Entry } from "#runtime/log/record.ts";

const NEED = cidOf(new Uint8Array([1]));
const OTHER = cidOf(new Uint8Array([2]));
const signer = signerFromSeed(new Uint8Array(32).fill(3));
const signedAs = (verb: string, thread = NEED) => {
  const envelope = encodeEnvelope({
    v: 1,
    swarm: "toy.0123456789abcdef",
    thread,
    verb,
    from: signer.did,
    nonce: 3,
    lamport: 3,
    sentAtMs: 0,
    expiresAtMs: 1,
    policy: "",
    body: { need: thread },
    refs: [],
  });
  const [signed] = signEnvelopes([envelope.bytes], signer);
  return { id: envelope.id, wire: encodeSigned(signed!) };
};
const given = (verb: string, body: object): Entry => ({ kind: "given", verb, body });
const at = { bucket: 3, position: 7 };

describe("RECONCILE", () => {
  const { id, wire } = signedAs("COMMIT");
  const body = { need: NEED, envelope: id, result: "salvaged" };

  it("rests on the COMMIT that it holds, and on nothing where the log has the envelope", () => {
    expect(signedIn(given("RECONCILE", { ...body, wire }), at)?.id).toBe(id);
    expect(signedIn(given("RECONCILE", { ...body, result: "merged" }), at)).toBeUndefined();
  });

  it.each([
    ["another envelope", { ...body, envelope: OTHER, wire }],
    ["another need", { ...body, need: OTHER, wire }],
    ["another verb", { ...body, wire: signedAs("YIELD").wire }],
    ["no envelope", { ...body, wire: new Uint8Array([1, 2]) }],
  ])("is broken evidence with %s", (_what, wrong) => {
    expect(() => signedIn(given("RECONCILE", wrong), at)).toThrow(Broken);
  });
});

describe("EQUIVOCATION", () => {
  const { id, wire: second } = signedAs("YIELD");
  const pair = { from: signer.did, thread: NEED, nonce: 3, first: OTHER, position: 1, second };

  it("rests on the second envelope", () => {
    expect(signedIn(given("EQUIVOCATION", pair), at)?.id).toBe(id);
  });

  it.each([
    ["one envelope twice", { ...pair, first: id }],
    ["another sender", { ...pair, from: "did:key:z6Mk" }],
    ["another nonce", { ...pair, nonce: 4 }],
    ["another thread", { ...pair, thread: OTHER }],
    ["no envelope", { ...pair, second: new Uint8Array(0) }],
  ])("is broken evidence with %s", (_what, wrong) => {
    expect(() => signedIn(given("EQUIVOCATION", wrong), at)).toThrow(Broken);
  });
});
