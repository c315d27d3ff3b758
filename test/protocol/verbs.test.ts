import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "#envelope/canonical.ts";
import { cidOf, hex } from "#envelope/cid.ts";
import { accountThread, bucketThread, type Envelope } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { Verb } from "#protocol/bodies.ts";
import { PRECEDENCE } from "#protocol/refusals.ts";
import { isInPlace, isNotABody } from "#protocol/verb-spec.ts";
import { isVerb, specOf, VERBS } from "#protocol/verbs.ts";

const ALL = Object.values(VERBS);
const malformed = (verb: Verb, body: unknown): string | undefined => {
  const parsed = specOf(verb).parse(body);
  return isNotABody(parsed) ? parsed.malformed : undefined;
};
const cid = cidOf(Uint8Array.of(4));
const need = VERBS.NEED.example;

describe("the table of verbs", () => {
  it("has one file for each verb and no other", () => {
    const files = readdirSync(new URL("../../src/protocol/verbs/", import.meta.url)).sort();
    const names = ALL.map(({ verb }) => `${verb.toLowerCase().replaceAll("_", "-")}.ts`).sort();
    expect(files).toEqual(names);
    expect(isVerb("NEED")).toBe(true);
    expect(isVerb("toString")).toBe(false);
  });

  it.each(ALL)("$verb stands under its own name, with a sentence", (spec) => {
    expect(specOf(spec.verb)).toBe(spec);
    expect(spec.sentence).toMatch(/^[A-Z].{10,}\.$/);
  });

  it.each(ALL)("$verb names its refusals in the catalogue's order, a leader's none", (spec) => {
    const places = spec.refusals.map((code) => PRECEDENCE.indexOf(code));
    expect(places).toEqual([...new Set(places)].sort((left, right) => left - right));
    expect(spec.refusals.length === 0).toBe(spec.sender === "leader");
  });

  it.each(ALL)("$verb's example comes back from its bytes as it went in", (spec) => {
    const bytes = encode(spec.example);
    const parsed = spec.parse(decode(bytes));
    expect(parsed).toEqual(spec.example);
    expect(hex(encode(parsed))).toBe(hex(bytes));
  });

  it.each(ALL)("$verb refuses an unknown field, each missing one and what is no map", (spec) => {
    const plain: Record<string, unknown> = { ...spec.example };
    expect(malformed(spec.verb, { ...plain, sneaky: 1 })).toBe("sneaky: is not a field");
    for (const body of [null, [], 1, "x", new Uint8Array(1), undefined]) {
      expect(malformed(spec.verb, body)).toBe("body: must be a map");
    }
    const needed = new Set(JSON.stringify(spec.schema.json["required"] ?? []).match(/\w+/g));
    for (const key of Object.keys(plain)) {
      const { [key]: _, ...rest } = plain;
      if (needed.has(key)) expect(malformed(spec.verb, rest)).toBe(`${key}: is missing`);
    }
  });

  it.each(ALL)("$verb neither throws at nor keeps what does not fit, whatever it is", (spec) => {
    const keys = Object.keys(spec.example);
    const wild = fc.oneof(
      fc.constantFrom<unknown>(-1, 0.5, 2 ** 53, -1n, 2n ** 63n, "", "x".repeat(2_000), null, {}),
      fc.uint8Array({ maxLength: 33 }),
      fc.anything({ maxDepth: 2, withBigInt: true }),
    );
    const change = fc.tuple(fc.constantFrom(...keys, "extra"), wild);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const body: Record<string, unknown> = { ...spec.example, ...Object.fromEntries(changes) };
        const before = Object.entries(body);
        const parsed = spec.parse(body);
        if (!isNotABody(parsed)) {
          for (const key of Object.keys(parsed)) expect(key in body).toBe(true);
          // What was accepted is accepted again, unchanged.
          expect(spec.parse(parsed)).toEqual(parsed);
        } else expect(parsed.malformed).toMatch(/^\S.*: \S/s);
        expect(Object.entries(body)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });
});

describe("bodies", () => {
  it("get their amounts as bigint, however small", () => {
    const parsed = VERBS.NEED.parse({ ...need, bounty: 1, verifyBounty: 0 });
    expect(parsed).toMatchObject({ bounty: 1n, verifyBounty: 0n });
    const open = { price: 0, etaMs: 0, patch: [] };
    expect(VERBS.PROPOSE.parse({ need: cid, attempt: 1, bid: { open } })).toMatchObject({
      bid: { open: { price: 0n } },
    });
  });

  it.each<[Verb, string, Record<string, unknown>]>([
    ["NEED", "bounty: must be 1 … 2^63 − 1 micro-credits, an integer", { bounty: 0n }],
    ["NEED", "bounty: must be 1 … 2^63 − 1 micro-credits, an integer", { bounty: 2n ** 63n }],
    ["NEED", "bounty: must be 1 … 2^63 − 1 micro-credits, an integer", { bounty: 1.5 }],
    ["NEED", "verifyBounty: must be 0 … 2^63 − 1 micro-credits, an integer", { verifyBounty: -1 }],
    ["NEED", "key: must be text of 1 … 128 units", { key: "" }],
    ["NEED", "key: must be text of 1 … 128 units", { key: "k".repeat(129) }],
    ["NEED", "kPlan: must be an integer 1 … 5", { kPlan: 6 }],
    ["NEED", "kResult: must be an integer 1 … 5", { kResult: 0 }],
    ["NEED", "tier: must be one of small, medium, high", { tier: "huge" }],
    ["NEED", "deadlineMs: must be an integer 1 … 2592000000", { deadlineMs: 2_592_000_001 }],
    ["NEED", "drawHash: must be 32 bytes", { drawHash: new Uint8Array(31) }],
    ["NEED", "limits.awards: must be an integer 1 … 32", { limits: { awards: 0 } }],
    ["NEED", "limits.more: is not a field", { limits: { more: 1 } }],
    ["NEED", "input: must have exactly one of value, cid", { input: {} }],
    ["NEED", "input: must have exactly one of value, cid", { input: { value: 1, cid } }],
    ["NEED", "input: must have exactly one of value, cid", { input: { toString: 1 } }],
    ["PROPOSE", "attempt: must be an integer 1 … 64", { attempt: 0 }],
    ["PROPOSE", "bid.pass: must be true", { bid: { pass: false } }],
    ["PROPOSE", "bid.sealed: must be 32 bytes", { bid: { sealed: new Uint8Array(33) } }],
    ["REVEAL", "what: must be one of bid, draw, vote", { what: "all" }],
    ["REVEAL", "bid.price: is missing", { bid: { etaMs: 1, patch: [] } }],
    [
      "REVEAL",
      "bid.patch.1.op: must be one of ADD_TASK, REQUIRES, PRODUCES, STATE, LINK, ANNOTATE",
      {
        bid: { price: 1n, etaMs: 1, patch: [{ op: "ADD_TASK", task: "t" }, { op: "DROP" }] },
      },
    ],
    ["HEARTBEAT", "progress: must be an integer 0 … 1000000", { progress: 1_000_001 }],
    ["HEARTBEAT", "revision: must be an integer 1 … 9007199254740991", { revision: 0 }],
    ["ATTEST", "verdict: must be one of pass, fail, abstain", { verdict: "maybe" }],
    ["ATTEST", "seat: must be an integer 0 … 63", { seat: 64 }],
    [
      "REGISTER",
      "manifest.roles: must not repeat",
      {
        manifest: { name: "a", roles: ["worker", "worker"], capabilities: [] },
      },
    ],
    ["REGISTER", "controller: must be a did:key of Ed25519", { controller: "did:web:a" }],
    ["TRANSFER", "to: must be a did:key of Ed25519", { to: "" }],
    ["CHALLENGE", "target.rejection: must be an integer 1 … 64", { target: { rejection: 0 } }],
  ])("%s is refused with %s", (verb, why, change) => {
    const shown = malformed(verb, { ...specOf(verb).example, ...change });
    expect(shown?.startsWith(why), shown).toBe(true);
  });

  it("hold capabilities that fit into subjects and paths", () => {
    for (const capability of ["minify-js", "a", "org/x:1.2_b", "c".repeat(64)]) {
      expect(malformed("NEED", { ...need, capability })).toBeUndefined();
    }
    for (const capability of ["", "a b", "-a", "c".repeat(65), "a*", "a\n"]) {
      expect(malformed("NEED", { ...need, capability })).toContain("capability: must be text");
    }
  });
});

describe("the thread of a verb", () => {
  const { did } = signerFromSeed(new Uint8Array(32).fill(1));
  const base = { v: 1, swarm: "a.0123456789abcdef", verb: "X", from: did, nonce: 1 } as const;
  const rest = { lamport: 0, sentAtMs: 0, expiresAtMs: 0, policy: "", refs: [] };
  const at = (thread: string | undefined, body: object): Envelope<object> =>
    thread === undefined ? { ...base, ...rest, body } : { ...base, ...rest, thread, body };

  it("is the need's id, the account's, the bucket's, or none, as the table says", () => {
    expect(isInPlace("own", at(undefined, {}))).toBe(true);
    expect(isInPlace("own", at(cid, {}))).toBe(false);
    expect(isInPlace("need", at(cid, { need: cid }))).toBe(true);
    expect(isInPlace("need", at(cidOf(Uint8Array.of(9)), { need: cid }))).toBe(false);
    expect(isInPlace("need", at(undefined, {}))).toBe(false);
    expect(isInPlace("account", at(accountThread(did), {}))).toBe(true);
    expect(isInPlace("account", at("acct:another", {}))).toBe(false);
    expect(isInPlace("bucket", at(bucketThread(3), {}))).toBe(true);
    expect(isInPlace("bucket", at(cid, {}))).toBe(false);
  });
});
