/**
 * What every member of a swarm shares: the genesis. Constants are protocol section 17; a profile is a
 * full set of them, and the genesis records which. Nothing here may differ between supervisors.
 */

import type { Credits, Did, Ppm, Tier } from "#protocol/words.ts";

export interface TierRules {
  readonly bountyMax: Credits;
  readonly kResultMin: number;
  readonly kPlanMin: number;
  readonly challengeWindowMs: number;
  readonly auctionWindowMs: number;
  readonly performanceBondPpm: Ppm;
  readonly challengeBondPpm: Ppm;
  /** Votes are committed as hashes first and revealed later (medium and up). */
  readonly sealedVotes: boolean;
}

export interface Parameters {
  readonly profile: "network" | "local";
  readonly auctionMode: "open" | "sealed";
  readonly bidRevealMs: number;
  readonly auctionReopenings: number;
  readonly auctionBackoffMs: number;
  readonly auctionBackoffMaxMs: number;
  readonly claimMs: number;
  readonly leaseMinMs: number;
  readonly leaseDefaultMs: number;
  readonly heartbeatMs: number;
  readonly heartbeatsMissedMax: number;
  readonly voteMs: number;
  readonly voteRevealMs: number;
  readonly drawRevealMs: number;
  readonly redrawsMax: number;
  readonly seatsWaitMs: number;
  readonly planCandidatesMax: number;
  readonly awardsMax: number;
  readonly failuresMax: number;
  /** A question waiting for the ledger is asked again after this. */
  readonly askRetryMs: number;
  /** An operator must rule on an open challenge within this; then it counts as rejected. */
  readonly ruleMs: number;
  readonly severity: number;
  readonly verifyStakeMin: Credits;
  readonly challengeStakeMin: Credits;
  readonly unbondingMs: number;
  /** A snapshot is published again after this, though who may be drawn or paid has not changed. */
  readonly registryPublishMs: number;
  readonly registryMaxAgeMs: number;
  /** The longest that one auction or one committee waits for a registry that is not too old. */
  readonly registryWaitMs: number;
  readonly diversityOrgPpm: Ppm;
  /**
   * Stake of one entity that counts for selection weight; what is above secures work, but draws no more.
   * All agents without an attested org are one entity.
   */
  readonly weightStakeMax: Credits;
  readonly freeCancelsPerHour: number;
  /** Challenges of one entity whose bonds are taken within an hour, and within a day, of log time. */
  readonly challengesPerHour: number;
  readonly challengesPerDay: number;
  readonly lamportJumpMax: number;
  readonly bootstrapUntilAgents: number;
  readonly tiers: Readonly<Record<Tier, TierRules>>;
}

export interface Genesis {
  readonly version: 1;
  readonly name: string;
  /** Random, so that two swarms of one name differ. */
  readonly nonce: Uint8Array;
  readonly operator: Did;
  readonly createdAtMs: number;
  readonly minted: Credits;
  readonly parameters: Parameters;
  /** Digest of the policy bundle. */
  readonly policy: string;
}
