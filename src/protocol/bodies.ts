/**
 * Bodies of every verb, as they stand in an envelope (DAG-CBOR; amounts widened to bigint by the schema).
 * `verbs/<verb>.ts` holds each one's schema, sender rule and sentence; this file is the one place that
 * says which fields exist.
 */

import type {
  Cid,
  Credits,
  Did,
  EnvelopeId,
  LogMs,
  NeedId,
  Outcome,
  Ppm,
  Question,
  Tier,
  Verdict,
} from "#protocol/words.ts";

/* ------------------------------------------------------------------ accounts */

export type Label = "org" | "asn" | "region" | "model";

/** A label counts only with a countersignature over `memberDigest(member, label, value)`. */
export interface LabelAttestation {
  readonly label: Label;
  readonly value: string;
  /** The operator's key of the genesis, or, for `org`, the key that is the org (then value = by). */
  readonly by: Did;
  readonly signature: Uint8Array;
}

export type Role = "worker" | "verifier" | "challenger" | "requester";

export interface Manifest {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly capabilities: readonly string[];
  readonly price?: Credits;
  readonly endpoints?: readonly string[];
}

export interface RegisterBody {
  readonly manifest: Manifest;
  readonly attestations: readonly LabelAttestation[];
  /** A key that controls this agent; declared relations restrict only their author unless mutual. */
  readonly controller?: Did;
}
export interface TransferBody {
  readonly to: Did;
  readonly amount: Credits;
  /** Makes the transfer idempotent: its id is H(from, key). Without it the envelope's id is used. */
  readonly key?: string;
}
export interface StakeBody {
  readonly amount: Credits;
}
export interface UnstakeBody {
  readonly amount: Credits;
}

/** Most that may be committed; a field that is absent limits nothing. */
export interface SpendLimits {
  /** What one need may hold. */
  readonly need?: Credits;
  /** What may be committed in any 24 hours of T, less what came back of it. */
  readonly day?: Credits;
  /** What may be committed in any 60 seconds of T, whatever comes back. */
  readonly minute?: Credits;
  /** How often something may be committed in any 60 seconds of T. */
  readonly perMinute?: number;
}
export interface LimitBody {
  /** One agent; all agents of one attested org together; or each agent that has no limits of its own. */
  readonly of: { readonly agent: Did } | { readonly owner: string } | { readonly each: true };
  /** They replace those that were; none at all takes the limits away. */
  readonly limits: SpendLimits;
}
export interface PauseBody {
  readonly who: { readonly agent: Did } | { readonly all: true };
  /** False: resumed. */
  readonly paused: boolean;
  readonly reason?: string;
}

/* --------------------------------------------------------------- negotiation */

export type Input = { readonly value: unknown } | { readonly cid: Cid };

export interface NeedBody {
  readonly key: string;
  readonly capability: string;
  readonly input: Input;
  readonly bounty: Credits;
  readonly verifyBounty: Credits;
  readonly kPlan?: number;
  readonly kResult?: number;
  readonly tier?: Tier;
  /** Milliseconds of T from funding until COMMIT. */
  readonly deadlineMs: number;
  /** sha2-256 of the 32 bytes the requester reveals after COMMIT. */
  readonly drawHash?: Uint8Array;
  readonly limits?: { readonly awards?: number; readonly failures?: number };
  readonly parent?: NeedId;
  readonly selfAttestation?: boolean;
}

export type PlanOp =
  | { readonly op: "ADD_TASK"; readonly task: string; readonly title?: string }
  | { readonly op: "REQUIRES"; readonly task: string; readonly on: string }
  | { readonly op: "PRODUCES"; readonly task: string; readonly what: string }
  | { readonly op: "STATE"; readonly task: string; readonly state: string }
  | { readonly op: "LINK"; readonly from: string; readonly to: string }
  | { readonly op: "ANNOTATE"; readonly task: string; readonly note: string };

export interface OpenBid {
  readonly price: Credits;
  readonly etaMs: number;
  readonly patch: readonly PlanOp[];
}
export interface ProposeBody {
  readonly need: NeedId;
  readonly attempt: number;
  /** `pass`: the worker answers that it does not bid, so that the auction need not wait for it. */
  readonly bid:
    | { readonly open: OpenBid }
    | { readonly sealed: Uint8Array }
    | { readonly pass: true };
}
export type RevealBody =
  | {
      readonly what: "bid";
      readonly need: NeedId;
      readonly attempt: number;
      readonly proposal: EnvelopeId;
      readonly salt: Uint8Array;
      readonly bid: OpenBid;
    }
  | {
      readonly what: "draw";
      readonly need: NeedId;
      readonly attempt: number;
      readonly preimage: Uint8Array;
    }
  | {
      readonly what: "vote";
      readonly need: NeedId;
      readonly attempt: number;
      readonly question: Question;
      readonly seat: number;
      readonly verdict: Verdict;
      readonly salt: Uint8Array;
    };
export interface CancelBody {
  readonly need: NeedId;
}
export interface UpdatePlanBody {
  readonly need: NeedId;
  readonly ops: readonly PlanOp[];
}
export interface ClaimBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly ttlMs: number;
}
export interface HeartbeatBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly revision: number;
  readonly progress: Ppm;
}
export interface YieldBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly revision: number;
  readonly reason: string;
}

/* ------------------------------------------------------------------ execution */

export interface CommitBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly revision: number;
  /** CID of the result; a block of that CID must exist, unless `output` carries the value. */
  readonly artifact: Cid;
  /** The result itself where it is small: its DAG-CBOR block's CID must be `artifact`. */
  readonly output?: unknown;
  readonly telemetry?: Readonly<Record<string, unknown>>;
}

/* -------------------------------------------------------------------- judging */

export interface AttestPlanBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly proposal: EnvelopeId;
  readonly seat: number;
  readonly verdict: Verdict;
  readonly policyDigest: string;
}
export interface AttestBody {
  readonly need: NeedId;
  readonly attempt: number;
  /** The COMMIT envelope (question "result") or the CHALLENGE envelope (question "challenge"). */
  readonly commit: EnvelopeId;
  readonly seat: number;
  readonly verdict: Verdict;
  readonly policyDigest: string;
  readonly reason?: string;
}
export interface VoteBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly question: Question;
  readonly seat: number;
  /** What is judged; without it the vote is about whatever is judged when it arrives. */
  readonly subject?: EnvelopeId;
  /** `voteDigest(subject, did, verdict, salt)`. */
  readonly hash: Uint8Array;
}
export type ProofType =
  | "schema_violation"
  | "missing_citation"
  | "semantic_contradiction"
  | "policy_breach"
  | "output_mismatch";
export interface ChallengeBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly target: { readonly commit: EnvelopeId } | { readonly rejection: number };
  readonly proof: ProofType;
  readonly evidence: Cid;
  readonly bond: Credits;
}

/* ----------------------------------------------- the leader's own log entries */

export interface EpochBody {
  readonly generation: number;
  readonly revision: number;
  /** The key that signs this epoch's heads and receipts. */
  readonly key: Did;
  /** Hex sha2-256 of the audit header (swarm, genesis, profile). */
  readonly header: string;
  readonly code: string;
  readonly machines: string;
  readonly policy: string;
  /** sha2-256 of the epoch's draw secret. */
  readonly commitment: Uint8Array;
  /** The secret of the epoch that ended, where its holder still has it. */
  readonly previousSecret?: Uint8Array;
}
export type TickBody = Readonly<Record<string, never>>;
export interface OpenAttemptBody {
  readonly need: NeedId;
  readonly attempt: number;
  /** True: bids are taken. False: the frozen ranking of the attempt before is inherited. */
  readonly auction: boolean;
}
export interface RankedBid {
  readonly proposal: EnvelopeId;
  readonly worker: Did;
  readonly price: Credits;
  readonly etaMs: number;
  readonly score: Ppm;
}
export interface RankingBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly registry: number;
  readonly bids: readonly RankedBid[];
}
export interface DrawnSeat {
  readonly seat: number;
  readonly agent: Did;
}
export type DrawBody =
  | {
      /** The intent: the order of candidates follows from (r, s, registry) and is not repeated. */
      readonly phase: "asked";
      readonly need: NeedId;
      readonly attempt: number;
      readonly question: Question;
      /** Which candidate of the need it is about, from 1; 0 for a result. */
      readonly candidate: number;
      readonly round: number;
      readonly r: Uint8Array;
      readonly s: Uint8Array;
      readonly registry: number;
      readonly count: number;
    }
  | {
      readonly phase: "seated";
      readonly need: NeedId;
      readonly attempt: number;
      readonly question: Question;
      readonly round: number;
      readonly seats: readonly DrawnSeat[];
      readonly skipped: readonly Did[];
      /** The ledger's sequence at which the locks were taken; 0 where nothing was locked (plan). */
      readonly ledger: number;
      readonly k: number;
    };
export interface DecideBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly proposal: EnvelopeId;
  readonly worker: Did;
  readonly price: Credits;
  readonly etaMs: number;
  readonly approvals: readonly EnvelopeId[];
  readonly registry: number;
}
export interface GrantBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly worker: Did;
  readonly revision: number;
  readonly endsAtMs: LogMs;
  readonly heartbeatMs: number;
}
export interface SettleBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly last: boolean;
}
export interface Payment {
  readonly to: Did;
  readonly amount: Credits;
  readonly why: string;
  /** Its own money came back: a bond, or the rest of the escrow. Absent: earned. */
  readonly own?: true;
}
export interface Taking {
  readonly from: Did;
  readonly held: "bond" | "exposure";
  readonly amount: Credits;
  readonly why: string;
}
/** FINALIZE, REJECT, RELEASE, INVALIDATE and CLOSE end an attempt and quote the ledger's posting. */
export interface EndBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly outcome: Outcome | "refused" | "duplicate";
  readonly last: boolean;
  readonly worker?: Did;
  readonly commit?: EnvelopeId;
  readonly artifact?: Cid;
  /** Attestations that carry the outcome. */
  readonly votes?: readonly EnvelopeId[];
  /** What the posting moved to accounts. */
  readonly paid?: readonly Payment[];
  /** What it took from bonds and exposures for good. */
  readonly taken?: readonly Taking[];
  readonly reason?: string;
  /** For `duplicate`: the need that was first under this key. */
  readonly first?: NeedId;
  /** The ledger's sequence of `settle/<need>/<attempt>`; absent where nothing was ever held. */
  readonly ledger?: number;
}
export interface RuleBody {
  readonly need: NeedId;
  readonly attempt: number;
  readonly challenge: EnvelopeId;
  readonly upheld: boolean;
  readonly by: Did;
  readonly reason: string;
}
export interface ReconcileBody {
  /** Always there; not so in the first form of this entry, which nobody wrote. */
  readonly need?: NeedId;
  readonly envelope: EnvelopeId;
  readonly result: "merged" | "orphaned" | "salvaged";
  /** The envelope, signed, as it came on the wire; absent where it is in the log itself. */
  readonly wire?: Uint8Array;
}
export interface RegistryBody {
  readonly revision: number;
  readonly hash: string;
  /** Milliseconds between the supervisor's receipt of the snapshot and this entry. */
  readonly ageMs: number;
}
export interface DeadLetterBody {
  /** What was set aside: an envelope's id, or `bucket:position:index` of a message. */
  readonly input: string;
  readonly reason: string;
}

export interface EquivocationBody {
  readonly from: Did;
  readonly thread: string;
  readonly nonce: number;
  /** The envelope that was taken, and its position in this log. */
  readonly first: EnvelopeId;
  readonly position: number;
  /** The refused one, signed, as it came on the wire. */
  readonly second: Uint8Array;
}

export interface Bodies {
  readonly REGISTER: RegisterBody;
  readonly TRANSFER: TransferBody;
  readonly STAKE: StakeBody;
  readonly UNSTAKE: UnstakeBody;
  readonly LIMIT: LimitBody;
  readonly PAUSE: PauseBody;
  readonly NEED: NeedBody;
  readonly PROPOSE: ProposeBody;
  readonly REVEAL: RevealBody;
  readonly CANCEL: CancelBody;
  readonly UPDATE_PLAN: UpdatePlanBody;
  readonly CLAIM: ClaimBody;
  readonly HEARTBEAT: HeartbeatBody;
  readonly YIELD: YieldBody;
  readonly COMMIT: CommitBody;
  readonly ATTEST_PLAN: AttestPlanBody;
  readonly ATTEST: AttestBody;
  readonly VOTE: VoteBody;
  readonly CHALLENGE: ChallengeBody;
  readonly EPOCH: EpochBody;
  readonly TICK: TickBody;
  readonly OPEN_ATTEMPT: OpenAttemptBody;
  readonly RANKING: RankingBody;
  readonly DRAW: DrawBody;
  readonly DECIDE: DecideBody;
  readonly GRANT: GrantBody;
  readonly SETTLE: SettleBody;
  readonly RELEASE: EndBody;
  readonly REJECT: EndBody;
  readonly INVALIDATE: EndBody;
  readonly FINALIZE: EndBody;
  readonly CLOSE: EndBody;
  readonly RULE: RuleBody;
  readonly RECONCILE: ReconcileBody;
  readonly REGISTRY: RegistryBody;
  readonly DEAD_LETTER: DeadLetterBody;
  readonly EQUIVOCATION: EquivocationBody;
}

export type Verb = keyof Bodies;
export type AccountVerb = "REGISTER" | "TRANSFER" | "STAKE" | "UNSTAKE" | "LIMIT" | "PAUSE";
export type LeaderVerb =
  | "EPOCH"
  | "TICK"
  | "OPEN_ATTEMPT"
  | "RANKING"
  | "DRAW"
  | "DECIDE"
  | "GRANT"
  | "SETTLE"
  | "RELEASE"
  | "REJECT"
  | "INVALIDATE"
  | "FINALIZE"
  | "CLOSE"
  | "RULE"
  | "RECONCILE"
  | "REGISTRY"
  | "DEAD_LETTER"
  | "EQUIVOCATION";
export type AgentVerb = Exclude<Verb, LeaderVerb>;
export type NeedVerb = Exclude<AgentVerb, AccountVerb>;
