import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { cidOf, hex } from "#envelope/cid.ts";
import type { Envelope } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import {
  DOMAINS,
  drawLabel,
  drawSeed,
  fundId,
  memberDigest,
  needContentHash,
  sealedBidDigest,
  voteDigest,
} from "#protocol/digests.ts";
import { VERBS } from "#protocol/verbs.ts";

const did = signerFromSeed(new Uint8Array(32).fill(5)).did;
const other = signerFromSeed(new Uint8Array(32).fill(6)).did;
const cid = cidOf(Uint8Array.of(1));
const salt = new Uint8Array(32).fill(9);
const bid = { price: 1n, etaMs: 2, patch: [] };

/** What docs say: sha2-256 of domain, zero byte, canonical list. */
const expected = (domain: string, fields: readonly unknown[]): string =>
  createHash("sha256").update(`${domain}\0`).update(encode(fields)).digest("hex");

describe("digests", () => {
  it("are the hash of their domain, a zero byte and the canonical list of their fields", () => {
    expect(fundId(did, "k")).toBe(expected("canswarm/v1/fund", [did, "k"]));
    expect(hex(memberDigest(did, "org", "a"))).toBe(
      expected("canswarm/v1/member", [did, "org", "a"]),
    );
    expect(hex(voteDigest(cid, did, "pass", salt))).toBe(
      expected("canswarm/v1/vote", [cid, did, "pass", salt]),
    );
    expect(hex(sealedBidDigest(did, bid, salt))).toBe(
      expected("canswarm/v1/sealed-bid", [did, bid, salt]),
    );
    const question = "plan" as const;
    const of = { need: cid, attempt: 1, question, candidate: 3, round: 4, revision: 2 };
    const fields = [cid, 1, "plan", 3, 4, 2, salt, salt];
    const seed = drawSeed({ ...of, r: salt, s: salt });
    expect(hex(seed)).toBe(expected("canswarm/v1/draw-seed", fields));
    expect(drawLabel(of)).toBe(`${cid}/1/plan/3/4/2`);
  });

  it("have a domain each", () => {
    const domains = Object.values(DOMAINS);
    expect(new Set(domains).size).toBe(domains.length);
  });

  it("change with every field", () => {
    const votes = [
      voteDigest(cid, did, "pass", salt),
      voteDigest(cid, did, "fail", salt),
      voteDigest(cid, other, "pass", salt),
      voteDigest(cidOf(Uint8Array.of(2)), did, "pass", salt),
      voteDigest(cid, did, "pass", new Uint8Array(32)),
    ];
    expect(new Set(votes.map(hex)).size).toBe(votes.length);
    const question = "plan" as const;
    const of = { need: cid, attempt: 1, question, candidate: 1, round: 0, revision: 1 };
    const base = { ...of, r: salt, s: salt };
    const seeds = [
      base,
      { ...base, question: "result" as const },
      { ...base, candidate: 2 },
      { ...base, round: 1 },
      { ...base, attempt: 2 },
      { ...base, revision: 2 },
      { ...base, r: new Uint8Array(32) },
      { ...base, s: new Uint8Array(32) },
    ].map((parts) => hex(drawSeed(parts)));
    expect(new Set(seeds).size).toBe(seeds.length);
  });

  it("do not let one field run into the next", () => {
    expect(fundId(did, "ab")).not.toBe(fundId(`${did}a`, "b"));
    expect(hex(memberDigest(did, "a", "bc"))).not.toBe(hex(memberDigest(did, "ab", "c")));
  });

  it("of a sealed bid ignore fields that are no part of a bid", () => {
    const wide = { ...bid, extra: 1 };
    expect(hex(sealedBidDigest(did, wide, salt))).toBe(hex(sealedBidDigest(did, bid, salt)));
  });
});

describe("a need's content", () => {
  const body: NeedBody = VERBS.NEED.example;
  const envelope: Envelope<NeedBody> = {
    v: 1,
    swarm: "demo.0123456789abcdef",
    verb: "NEED",
    from: did,
    nonce: 1,
    lamport: 1,
    sentAtMs: 1,
    expiresAtMs: 2,
    policy: "",
    body,
    refs: [],
  };

  it("is the same when it is only signed anew", () => {
    const content = needContentHash(envelope);
    expect(content).toMatch(/^[0-9a-f]{64}$/);
    for (const change of [{ nonce: 2 }, { lamport: 9 }, { sentAtMs: 9 }, { expiresAtMs: 9 }]) {
      expect(needContentHash({ ...envelope, ...change })).toBe(content);
    }
    const { drawHash: _, ...rest } = body;
    expect(needContentHash({ ...envelope, body: rest })).toBe(content);
    expect(needContentHash({ ...envelope, body: { ...body, drawHash: salt } })).toBe(content);
  });

  it("differs with anything else", () => {
    const contents = [
      envelope,
      { ...envelope, from: other },
      { ...envelope, swarm: "demo.fedcba9876543210" },
      { ...envelope, policy: "p" },
      { ...envelope, refs: [cid] },
      { ...envelope, body: { ...body, bounty: 1n } },
      { ...envelope, body: { ...body, key: "t2" } },
      { ...envelope, body: { ...body, input: { cid } } },
      { ...envelope, body: { ...body, limits: {} } },
    ].map((one) => needContentHash(one));
    expect(new Set(contents).size).toBe(contents.length);
  });
});
