/** The five machines with inputs and events that lead everywhere, shared by the tests of this folder. */
import type { AuctionEvent, AuctionInput, Bid } from "#machines/auction/auction.events.ts";
import type { AuctionCommand } from "#machines/auction/auction.commands.ts";
import type { ChallengeEvent, ChallengeInput } from "#machines/challenge/challenge.events.ts";
import type { ChallengeCommand } from "#machines/challenge/challenge.commands.ts";
import type { CommitteeEvent, CommitteeInput } from "#machines/committee/committee.events.ts";
import type { CommitteeCommand } from "#machines/committee/committee.commands.ts";
import type { LeaseEvent, LeaseInput } from "#machines/lease/lease.events.ts";
import type { LeaseCommand } from "#machines/lease/lease.commands.ts";
import type { NeedThreadEvent, NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import type { NeedThreadCommand } from "#machines/need-thread/need-thread.commands.ts";
import { MACHINES } from "#machines/catalogue.ts";
import type { RankedBid } from "#protocol/bodies.ts";
import type { SeatFact } from "#domain/ledger/requests.ts";
import type { Verdict } from "#protocol/words.ts";

export interface Subject<E extends { readonly type: string }> {
  readonly machine: (typeof MACHINES)[string];
  readonly inputs: readonly unknown[];
  readonly events: readonly E[];
  /** All names of the unions, checked by the compiler to be complete. */
  readonly eventNames: readonly E["type"][];
  readonly commandNames: readonly string[];
  readonly placesMax: number;
}

const namesOf = <T extends string>(names: Readonly<Record<T, true>>): T[] =>
  Object.keys(names) as T[];

/* ------------------------------------------------------------------ need thread */

export const needInput: NeedThreadInput = {
  need: "need",
  requester: "requester",
  capability: "minify",
  tier: "small",
  bounty: 3_000_000n,
  verifyBounty: 500_000n,
  kPlan: 1,
  kResult: 2,
  kResultAsked: false,
  deadlineMs: 60_000,
  awardsMax: 2,
  failuresMax: 2,
  planCandidatesMax: 3,
  challengeWindowMs: 200,
  askRetryMs: 1_000,
  drawHash: false,
  drawRevealMs: 1_000,
  verifyMs: 300_000,
  contestMs: 90_000,
};

export const ranked = (worker: string): RankedBid => ({
  proposal: `proposal-${worker}`,
  worker,
  price: 2_000_000n,
  etaMs: 500,
  score: 700_000,
});

export const seat = (number: number, answer: SeatFact["answer"]): SeatFact => ({
  seat: number,
  agent: `v${number}`,
  answer,
});

export const concluded = (
  question: "plan" | "result",
  result: "pass" | "fail" | "absent",
  ...answers: SeatFact["answer"][]
): Extract<NeedThreadEvent, { type: "CONCLUDED" }> => ({
  type: "CONCLUDED",
  atMs: 9,
  question,
  result,
  seats: answers.map((answer, i) => seat(i, answer)),
  carried: answers.flatMap((answer, i) => (answer === result ? [`vote-${i}`] : [])),
});

export const leaseEnded = (
  reason: Extract<NeedThreadEvent, { type: "LEASE_ENDED" }>["reason"],
): NeedThreadEvent => ({
  type: "LEASE_ENDED",
  reason,
  elapsedMs: 700,
  heartbeatsMissed: 0,
  yieldedLate: false,
});

export const needEvents = [
  { type: "FUNDED", atMs: 100 },
  { type: "FUND_REFUSED", code: "INSUFFICIENT_FUNDS" },
  { type: "FUND_DUPLICATE", first: "another" },
  { type: "RANKED", bids: [ranked("w1"), ranked("w2")], barred: [] },
  { type: "RANKED", bids: [ranked("w1")], barred: [] },
  { type: "RANKED", bids: [], barred: ["w1"] },
  { type: "NO_BIDS" },
  concluded("plan", "pass", "pass"),
  concluded("plan", "fail", "fail"),
  concluded("result", "pass", "pass", "pass", "pending"),
  concluded("result", "fail", "fail", "fail", "pass"),
  concluded("result", "absent", "silent", "pass"),
  { type: "DECIDED" },
  { type: "LOST" },
  { type: "PAUSED" },
  { type: "LEASED", revision: 7, atMs: 200, ttlMs: 30_000 },
  leaseEnded("released"),
  {
    type: "COMMITTED",
    commit: "commit",
    artifact: "artifact",
    elapsedMs: 300,
    output: { code: "x" },
  },
  { type: "DRAW_REVEALED", preimage: new Uint8Array(32).fill(7) },
  { type: "CANCEL" },
  { type: "CHALLENGED", atMs: 9, challenge: "c1" },
  { type: "CHALLENGED", atMs: 9, challenge: "c2" },
  { type: "CHALLENGE_OPENED", challenge: "c1" },
  { type: "CHALLENGE_REFUSED", atMs: 9, challenge: "c1" },
  { type: "CHALLENGE_RULED", atMs: 9, challenge: "c1", upheld: true },
  { type: "CHALLENGE_RULED", atMs: 9, challenge: "c2", upheld: false },
  { type: "LATE_RESULT", attempt: 1, worker: "w1", isSalvaged: true },
  { type: "LATE_RESULT", attempt: 2, worker: "w2", isSalvaged: false },
  { type: "SETTLED", sequence: 9, moves: [] },
  { type: "SETTLE_SEALED", open: ["c1"] },
] as const satisfies readonly NeedThreadEvent[];

const needThread: Subject<NeedThreadEvent> = {
  machine: MACHINES["need-thread"]!,
  inputs: [needInput, { ...needInput, drawHash: true, kResultAsked: true }],
  events: needEvents,
  eventNames: namesOf<NeedThreadEvent["type"]>({
    FUNDED: true,
    FUND_REFUSED: true,
    FUND_DUPLICATE: true,
    RANKED: true,
    NO_BIDS: true,
    CONCLUDED: true,
    DECIDED: true,
    LOST: true,
    PAUSED: true,
    LEASED: true,
    LEASE_ENDED: true,
    COMMITTED: true,
    LATE_RESULT: true,
    DRAW_REVEALED: true,
    CANCEL: true,
    CHALLENGED: true,
    CHALLENGE_OPENED: true,
    CHALLENGE_REFUSED: true,
    CHALLENGE_RULED: true,
    SETTLED: true,
    SETTLE_SEALED: true,
  }),
  commandNames: namesOf<NeedThreadCommand["type"]>({
    requestFunding: true,
    resend: true,
    openAttempt: true,
    openPlanCommittee: true,
    decide: true,
    askDrawReveal: true,
    openResultCommittee: true,
    closeAttemptActors: true,
    endLease: true,
    openChallenge: true,
    settle: true,
    logEnd: true,
    ackNeed: true,
    nackNeed: true,
  }),
  placesMax: 8_000,
};

/* ---------------------------------------------------------------------- auction */

export const auctionInput: AuctionInput = {
  attempt: 1,
  mode: "open",
  eligible: ["w1", "w2"],
  windowMs: 1_000,
  revealMs: 2_000,
  reopeningsMax: 1,
  backoffMs: 1_000,
  backoffMaxMs: 60_000,
  jitterPpm: 500_000,
  extensionMs: 200,
  extensionsMax: 2,
  askRetryMs: 1_000,
  registryWaitMs: 1_000,
};

export const bid = (worker: string, price = 2_000_000n): Bid => ({
  proposal: `proposal-${worker}-${price}`,
  worker,
  price,
  etaMs: 500,
  patch: [],
});

export const sealedBid = (worker: string): AuctionEvent => ({
  type: "SEALED_BID",
  worker,
  proposal: `proposal-${worker}`,
  hash: new Uint8Array(32),
});

const auction: Subject<AuctionEvent> = {
  machine: MACHINES["auction"]!,
  inputs: [auctionInput, { ...auctionInput, mode: "sealed" }],
  events: [
    { type: "BID", bid: bid("w1"), remainingMs: 900 },
    { type: "BID", bid: bid("w1"), remainingMs: 100 },
    { type: "BID", bid: bid("w2"), remainingMs: 900 },
    sealedBid("w1"),
    sealedBid("w2"),
    { type: "PASS", worker: "w1" },
    { type: "PASS", worker: "w2" },
    { type: "BID_REVEALED", bid: bid("w1") },
    { type: "ELIGIBLE", workers: ["w1"] },
    { type: "RANKED" },
    { type: "REGISTRY_OLD" },
  ],
  eventNames: namesOf<AuctionEvent["type"]>({
    BID: true,
    SEALED_BID: true,
    PASS: true,
    BID_REVEALED: true,
    ELIGIBLE: true,
    RANKED: true,
    REGISTRY_OLD: true,
  }),
  commandNames: namesOf<AuctionCommand["type"]>({
    callForBids: true,
    callForReveals: true,
    rank: true,
    reportNoBids: true,
  }),
  placesMax: 4_000,
};

/* -------------------------------------------------------------------- committee */

export const committeeInput: CommitteeInput = {
  attempt: 1,
  question: "result",
  subject: "commit",
  k: 2,
  sealed: false,
  redrawsMax: 2,
  voteMs: 60_000,
  revealMs: 2_000,
  askRetryMs: 1_000,
  registryWaitMs: 1_000,
};

export const seated = (round: number, first: number, count: number): CommitteeEvent => ({
  type: "SEATED",
  round,
  seats: Array.from({ length: count }, (_, i) => ({ seat: first + i, agent: `v${first + i}` })),
});

export const voted = (number: number, verdict: Verdict): CommitteeEvent => ({
  type: "VOTED",
  seat: number,
  verdict,
  envelope: `vote-${number}`,
});

export const revealed = (number: number, verdict: Verdict): CommitteeEvent => ({
  type: "VOTE_REVEALED",
  seat: number,
  verdict,
  envelope: `vote-${number}`,
});

export const hashed = (number: number): CommitteeEvent => ({
  type: "VOTE_HASHED",
  seat: number,
  hash: new Uint8Array(32).fill(number),
});

const committee: Subject<CommitteeEvent> = {
  machine: MACHINES["committee"]!,
  inputs: [
    { ...committeeInput, sealed: true, redrawsMax: 0 },
    committeeInput,
    { ...committeeInput, sealed: true },
  ],
  events: [
    seated(0, 0, 3),
    seated(1, 3, 1),
    seated(2, 4, 1),
    ...[0, 1, 2].map((round) => ({ type: "DRAW_FAILED" as const, round, reason: "none left" })),
    { type: "REGISTRY_OLD" },
    voted(0, "pass"),
    voted(1, "pass"),
    voted(1, "fail"),
    voted(2, "abstain"),
    hashed(0),
    hashed(1),
    hashed(2),
    revealed(0, "pass"),
    revealed(1, "pass"),
    revealed(1, "fail"),
    revealed(2, "abstain"),
  ],
  eventNames: namesOf<CommitteeEvent["type"]>({
    SEATED: true,
    DRAW_FAILED: true,
    REGISTRY_OLD: true,
    VOTED: true,
    VOTE_HASHED: true,
    VOTE_REVEALED: true,
  }),
  commandNames: namesOf<CommitteeCommand["type"]>({
    draw: true,
    callForVotes: true,
    callForReveals: true,
    conclude: true,
  }),
  placesMax: 4_000,
};

/* ------------------------------------------------------------- lease, challenge */

export const leaseInput: LeaseInput = {
  attempt: 1,
  worker: "w1",
  claimMs: 1_000,
  heartbeatMs: 5_000,
  heartbeatsMissedMax: 2,
  askRetryMs: 1_000,
};

const lease: Subject<LeaseEvent> = {
  machine: MACHINES["lease"]!,
  inputs: [leaseInput],
  events: [
    { type: "CLAIM", ttlMs: 20_000 },
    { type: "BONDED", revision: 7, atMs: 100 },
    { type: "BOND_REFUSED" },
    { type: "HEARTBEAT", atMs: 4_100, ttlMs: 20_000, progress: 300_000 },
    { type: "YIELD", atMs: 200 },
    { type: "YIELD", atMs: 15_000 },
    { type: "END", how: "committed" },
    { type: "END", how: "revoked" },
  ],
  eventNames: namesOf<LeaseEvent["type"]>({
    CLAIM: true,
    BONDED: true,
    BOND_REFUSED: true,
    HEARTBEAT: true,
    YIELD: true,
    END: true,
  }),
  commandNames: namesOf<LeaseCommand["type"]>({
    callForClaim: true,
    requestBond: true,
    resend: true,
    callForWork: true,
    ended: true,
  }),
  placesMax: 500,
};

export const challengeInput: ChallengeInput = {
  attempt: 1,
  challenge: "c1",
  challenger: "challenger",
  bonded: false,
  askRetryMs: 1_000,
  ruleMs: 60_000,
};

const challenge: Subject<ChallengeEvent> = {
  machine: MACHINES["challenge"]!,
  inputs: [
    challengeInput,
    { ...challengeInput, bonded: true },
    { ...challengeInput, bonded: true, moot: true },
    { ...challengeInput, moot: true },
  ],
  events: [
    { type: "BONDED" },
    { type: "BOND_REFUSED" },
    { type: "RULED", upheld: true },
    { type: "RULED", upheld: false },
    { type: "RESOLVED" },
  ],
  eventNames: namesOf<ChallengeEvent["type"]>({
    BONDED: true,
    BOND_REFUSED: true,
    RULED: true,
    RESOLVED: true,
  }),
  commandNames: namesOf<ChallengeCommand["type"]>({
    requestBond: true,
    resend: true,
    resolveBond: true,
    report: true,
  }),
  placesMax: 500,
};

export const SUBJECTS = {
  "need-thread": needThread,
  auction,
  committee,
  lease,
  challenge,
} as const;
