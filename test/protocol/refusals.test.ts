import { describe, expect, it } from "vitest";
import { foremost, PRECEDENCE, REFUSALS, type RefusalCode } from "#protocol/refusals.ts";
import { VERBS } from "#protocol/verbs.ts";

/** The classes of protocol section 2, in its order, each with the codes that belong to it. */
const CLASSES: readonly [string, readonly RefusalCode[]][] = [
  ["malformed", ["MALFORMED", "TOO_LARGE", "WRONG_SWARM"]],
  ["signature", ["SIGNATURE_INVALID"]],
  ["registration", ["NO_REGISTRY", "NOT_REGISTERED"]],
  ["replay", ["NONCE_OLD", "EQUIVOCATION", "LAMPORT_JUMP"]],
  ["expired", ["EXPIRED"]],
  ["policy", ["VERB_NOT_ALLOWED", "POLICY_DENIED", "RATE_LIMITED", "BOUNTY_CAP"]],
  ["policy", ["CAPABILITY_UNKNOWN"]],
  ["fence", ["STALE_FENCE"]],
  ["state", ["UNKNOWN_THREAD", "WRONG_STATE", "BARRED", "ALREADY_ANSWERED", "NOT_SEATED"]],
  ["quorum", ["QUORUM_UNAVAILABLE"]],
  ["funds", ["INSUFFICIENT_FUNDS", "INSUFFICIENT_STAKE"]],
  ["full", ["MAILBOX_FULL"]],
];

describe("the catalogue of refusals", () => {
  it("stands in the protocol's order of precedence", () => {
    const places = CLASSES.flatMap(([, codes]) => codes.map((code) => PRECEDENCE.indexOf(code)));
    expect(places).toEqual([...places].sort((left, right) => left - right));
    expect(Math.min(...places)).toBe(0);
  });

  it("tells the foremost of several, whatever order they were found in", () => {
    for (const [index, code] of PRECEDENCE.entries()) {
      const later = PRECEDENCE.slice(index + 1).map((one) => ({ code: one }));
      expect(foremost([...later, { code, detail: "d" }])).toEqual({ code, detail: "d" });
    }
    expect(foremost([])).toBeUndefined();
  });

  it("leaves unsigned exactly what fails before the sender is known", () => {
    const unsigned = PRECEDENCE.filter((code) => !REFUSALS[code].signed);
    const signature = ["MALFORMED", "TOO_LARGE", "WRONG_SWARM", "SIGNATURE_INVALID"];
    expect(unsigned).toEqual([...signature, "NO_REGISTRY", "NOT_REGISTERED"]);
  });

  it("has no code that no verb can get", () => {
    const used = new Set(Object.values(VERBS).flatMap(({ refusals }) => refusals));
    expect(PRECEDENCE.filter((code) => !used.has(code))).toEqual([]);
  });
});
