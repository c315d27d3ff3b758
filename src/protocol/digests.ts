/**
 * Every digest of the protocol that is not an id. Each is sha2-256 of its own domain text, a zero byte,
 * and the canonical bytes of a list, so that no two of them can ever coincide and no field can run into
 * the next.
 */

import { encode } from "#envelope/canonical.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import type { Envelope } from "#envelope/envelope.ts";
import type { NeedBody, OpenBid } from "./bodies.ts";
import type { Cid, Did, NeedId, Question, Verdict } from "./words.ts";

/** The domains: what each digest is over. Part of the protocol; never reused for another meaning. */
export const DOMAINS = {
  content: "canswarm/v1/need-content",
  fund: "canswarm/v1/fund",
  member: "canswarm/v1/member",
  vote: "canswarm/v1/vote",
  bid: "canswarm/v1/sealed-bid",
  draw: "canswarm/v1/draw-seed",
} as const;

const PREFIXES = Object.fromEntries(
  Object.entries(DOMAINS).map(([name, text]) => [name, new TextEncoder().encode(`${text}\0`)]),
) as Readonly<Record<keyof typeof DOMAINS, Uint8Array>>;

const digest = (domain: keyof typeof DOMAINS, fields: readonly unknown[]): Uint8Array =>
  sha256(PREFIXES[domain], encode(fields));

/**
 * What makes two NEEDs under one key the same need: hex of the digest over everything but nonce,
 * lamport, sentAtMs, expiresAtMs and drawHash, which differ when a client signs it anew (protocol
 * section 2).
 */
export const needContentHash = (envelope: Envelope<NeedBody>): string => {
  const { v, swarm, verb, from, policy, body, refs } = envelope;
  const { drawHash: _, ...content } = body;
  return hex(digest("content", [{ v, swarm, verb, from, policy, body: content, refs }]));
};

/** The funding hold's id, H(requester, key), in hex: one key of a requester holds money once. */
export const fundId = (requester: Did, key: string): string =>
  hex(digest("fund", [requester, key]));

/** What an operator or an org signs to attest a label of a member. */
export const memberDigest = (member: Did, label: string, value: string): Uint8Array =>
  digest("member", [member, label, value]);

/**
 * The hash of a VOTE. `subject` is what is judged: the proposal, the COMMIT or the CHALLENGE envelope;
 * `salt` is 32 bytes, known to the voter alone until REVEAL.
 */
export const voteDigest = (
  subject: Cid,
  voter: Did,
  verdict: Verdict,
  salt: Uint8Array,
): Uint8Array => digest("vote", [subject, voter, verdict, salt]);

/** The hash of a sealed bid; the bidder is in it, so that nobody can copy another's hash. */
export const sealedBidDigest = (bidder: Did, bid: OpenBid, salt: Uint8Array): Uint8Array => {
  const { price, etaMs, patch } = bid;
  return digest("bid", [bidder, { price, etaMs, patch }, salt]);
};

export interface DrawSeedParts {
  readonly need: NeedId;
  readonly attempt: number;
  readonly question: Question;
  /** Which candidate of the need a plan's committee is about, from 1; 0 for a result. */
  readonly candidate: number;
  /** 0: the first draw; then its redraws. */
  readonly round: number;
  /** Lease revision; 0 where no lease was granted yet (plan). */
  readonly revision: number;
  /** 32 bytes revealed by the requester after COMMIT; zeros if late or never promised. */
  readonly r: Uint8Array;
  /** 32 bytes of the leader, fixed by the EPOCH's commitment. */
  readonly s: Uint8Array;
}

/**
 * The seed of a committee's draw (protocol section 9): no byte of it is the worker's choice, which is why
 * a plan's candidate is a number here and not its proposal. Every draw of a need has a seed of its own.
 */
export const drawSeed = (parts: DrawSeedParts): Uint8Array => {
  const { need, attempt, question, candidate, round, revision, r, s } = parts;
  return digest("draw", [need, attempt, question, candidate, round, revision, r, s]);
};

/** What the leader's part s of a draw is made of: the HMAC's text, or a VRF's input. */
export const drawLabel = (parts: Omit<DrawSeedParts, "r" | "s">): string => {
  const { need, attempt, question, candidate, round, revision } = parts;
  return `${need}/${attempt}/${question}/${candidate}/${round}/${revision}`;
};
