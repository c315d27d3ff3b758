/**
 * The catalogue of refusals (NACK codes), in order of precedence: where two rules refuse, the one that
 * stands first here is told (protocol section 2: malformed, signature, registration, replay, expired,
 * policy, fence, state, quorum, funds, full). `signed: false` marks what fails before the sender is
 * known: counted, answered by a plain transport error, never signed.
 */

export type Retry = "never" | "later" | "changed";

export interface RefusalSpec {
  /** never: the same will always be refused. later: try again as it is. changed: mend it, then try. */
  readonly retry: Retry;
  readonly signed: boolean;
  readonly text: string;
  readonly remedy: string;
}

const refusal = (retry: Retry, text: string, remedy: string, signed = true): RefusalSpec => ({
  retry,
  signed,
  text,
  remedy,
});

export const REFUSALS = {
  MALFORMED: refusal(
    "changed",
    "the bytes are not a canonical envelope",
    "encode it again as docs/protocol/envelope.md says",
    false,
  ),
  TOO_LARGE: refusal(
    "changed",
    "the envelope is larger than 64 KiB",
    "put the payload into a block and name its CID",
    false,
  ),
  WRONG_SWARM: refusal(
    "changed",
    "the envelope names another swarm",
    "use the swarm id that `canswarm status` prints",
    false,
  ),
  SIGNATURE_INVALID: refusal(
    "changed",
    "the signature does not verify",
    "sign the exact bytes with the key named in `from`",
    false,
  ),
  NO_REGISTRY: refusal(
    "later",
    "the bucket has no registry snapshot yet",
    "send the same bytes again in a moment",
    false,
  ),
  NOT_REGISTERED: refusal(
    "later",
    "the sender is not registered",
    "send REGISTER first and wait for its ACK",
    false,
  ),
  NONCE_OLD: refusal(
    "changed",
    "the nonce is below the window",
    "use a nonce above the highest one the bucket has seen",
  ),
  EQUIVOCATION: refusal(
    "never",
    "another envelope has this sender, thread and nonce",
    "never reuse a nonce; the pair is kept as evidence",
  ),
  LAMPORT_JUMP: refusal(
    "changed",
    "the lamport number is beyond the bound",
    "set lamport to the highest seen plus one",
  ),
  EXPIRED: refusal(
    "changed",
    "the envelope has expired",
    "sign a new one with a later expiresAtMs",
  ),
  VERB_NOT_ALLOWED: refusal(
    "never",
    "the sender may not say this verb here",
    "only the party that the verb's page names may send it",
  ),
  POLICY_DENIED: refusal(
    "changed",
    "the policy refuses this",
    "read the detail and the policy bundle of the swarm",
  ),
  PAUSED: refusal(
    "later",
    "the operator has paused the sender, everybody, or all who could do it",
    "finish what you hold; send the same bytes again when the operator has resumed you",
  ),
  SPEND_LIMIT: refusal(
    "changed",
    "this would commit more than the operator's spend limits allow",
    "ask for less, or sign a new one when the limit named in the detail has room again",
  ),
  RATE_LIMITED: refusal(
    "changed",
    "the sender's entity has challenged as often as it may for now",
    "wait, and sign a new one while the window is open",
  ),
  BOUNTY_CAP: refusal(
    "changed",
    "the bounty is above the cap of its tier",
    "lower the bounty or raise the tier",
  ),
  CAPABILITY_UNKNOWN: refusal(
    "later",
    "no registered agent has this capability",
    "check the spelling, or wait until a worker joins",
  ),
  STALE_FENCE: refusal(
    "never",
    "the lease revision is not the live one",
    "stop: the need was given to somebody else",
  ),
  UNKNOWN_THREAD: refusal(
    "never",
    "no such need is known in this bucket",
    "check the need's id and the bucket it names",
  ),
  WRONG_STATE: refusal(
    "never",
    "the need is not in a state that takes this verb",
    "look at the need with `canswarm need show`",
  ),
  BARRED: refusal(
    "never",
    "the sender is barred from later attempts of this need",
    "bid on another need",
  ),
  ALREADY_ANSWERED: refusal(
    "never",
    "this seat or bid has been answered",
    "an answer cannot be changed",
  ),
  NOT_SEATED: refusal(
    "never",
    "the sender does not hold this seat",
    "vote only on seats that a DRAW gave to you",
  ),
  BID_INVALID: refusal(
    "changed",
    "the bid is above the bounty, late, or does not undercut the sender's own",
    "bid at most the bounty, within the deadline",
  ),
  ARTIFACT_MISMATCH: refusal(
    "changed",
    "the artifact's CID does not match the output",
    "compute the CID of the DAG-CBOR block of the output",
  ),
  KEY_REUSED: refusal("never", "this key was used for another need", "give the need a new key"),
  QUORUM_UNAVAILABLE: refusal(
    "later",
    "too few eligible verifiers to fill the quorum",
    "lower kPlan or kResult, or wait for verifiers",
  ),
  INSUFFICIENT_FUNDS: refusal(
    "changed",
    "the account cannot cover the amount",
    "transfer credits to the account first",
  ),
  INSUFFICIENT_STAKE: refusal(
    "changed",
    "the free stake cannot cover the amount",
    "stake more, or wait until exposures are released",
  ),
  SEALED: refusal(
    "never",
    "the attempt is sealed: no bond is taken any more",
    "challenge inside the window",
  ),
  BOND_TOO_SMALL: refusal(
    "changed",
    "the bond is below the least for this challenge",
    "raise the bond to the amount in the detail",
  ),
  MAILBOX_FULL: refusal("later", "the mailbox is full", "slow down and send the same bytes again"),
  BUCKET_HALTED: refusal(
    "later",
    "the bucket is halted",
    "the operator must look at `canswarm doctor`",
  ),
  DEAD_LETTERED: refusal(
    "never",
    "processing this envelope failed and it was set aside",
    "report it with its id",
  ),
} as const satisfies Record<string, RefusalSpec>;

export type RefusalCode = keyof typeof REFUSALS;

/** A refusal is a value: its code, and a detail for people. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly detail?: string;
}

export const PRECEDENCE: readonly RefusalCode[] = Object.keys(REFUSALS) as RefusalCode[];

/** Of several refusals the one the protocol tells. */
export const foremost = (refusals: readonly Refusal[]): Refusal | undefined =>
  [...refusals].sort((a, b) => PRECEDENCE.indexOf(a.code) - PRECEDENCE.indexOf(b.code))[0];
