/**
 * Limits and constants of the ledger. Those that members of a swarm may choose are in the genesis.
 */

import type { Credits, LogMs, Ppm } from "#protocol/words.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Most that a genesis may mint: 10^12 credits in micro-credits; fits in 2^63 (protocol section 7).
 */
export const MINTED_MAX: Credits = 10n ** 18n;

/** A need's key outlives the need by this (protocol section 2). */
export const KEY_KEPT_MS: LogMs = 30 * DAY_MS;

/** A transfer's id is remembered as long as a need's key; the treasury's grants for ever. */
export const TRANSFER_KEPT_MS: LogMs = KEY_KEPT_MS;

/** Cancels before DECIDE are counted over this window (protocol section 4: "an hour"). */
export const FREE_CANCEL_WINDOW_MS: LogMs = HOUR_MS;

/** Challenges are counted over these windows (protocol section 17: "10 an hour, 50 a day"). */
export const CHALLENGE_HOUR_MS: LogMs = HOUR_MS;
export const CHALLENGE_DAY_MS: LogMs = DAY_MS;

/**
 * What an account commits is counted in slots of this for a day, and of this for a minute: a day's limit
 * has room again at most a quarter of an hour after it could.
 */
export const DAY_SLOT_MS: LogMs = HOUR_MS / 4;
export const MINUTE_SLOT_MS: LogMs = 1_000;

/** Slots before the one of now that count: a whole day, a whole minute. */
export const DAY_SLOTS = DAY_MS / DAY_SLOT_MS;
export const MINUTE_SLOTS = 60_000 / MINUTE_SLOT_MS;

/** Agents and owners that have limits of their own, each a row of about 150 bytes. */
export const SPEND_LIMITS_MAX = 10_000;

/** Share of the bounty that one cancel too many costs (protocol section 4). */
export const CANCEL_FINE_PPM: Ppm = 10_000;

/** Least share of the price that a cancel after DECIDE pays to the worker (protocol section 4). */
export const CANCEL_FEE_LEAST_PPM: Ppm = 100_000;

/** Most that lateness takes from the price (protocol sections 4 and 10). */
export const LATENESS_MAX_PPM: Ppm = 300_000;

/** Share of the bond burned for one missed heartbeat at severity 1 (protocol section 4). */
export const HEARTBEAT_PENALTY_PPM: Ppm = 10_000;

/** Share of the bond that a yield after a quarter of the lease costs (protocol section 11). */
export const LATE_YIELD_PPM: Ppm = 100_000;

/** Share of its exposure that a no-show loses where nobody could judge (protocol section 4). */
export const NO_SHOW_PPM: Ppm = 100_000;

/** Share of an exposure that a judged proof takes (protocol section 8). */
export const JUDGED_SLASH_PPM: Ppm = 100_000;

/** Challenger, honest verifiers, burned: how an upheld slash is shared (protocol section 12). */
export const UPHELD_SHARES: readonly [bigint, bigint, bigint] = [50n, 40n, 10n];

/** A plan vote pays verifyBounty divided by this, rounded up (protocol section 4: 0.2). */
export const PLAN_VOTE_DIVISOR = 5n;

/**
 * Requests for seats that wait at one time, each a few hundred bytes. One too many counts as absent
 * at once. Above what 10 minutes of waiting needs of a busy swarm leave, below 100 MiB.
 */
export const SEATS_WAITING_MAX = 16_384;

/** Unstakes of one agent that wait at one time; one a day for 7 days is usual. */
export const UNBONDING_TRANCHES_MAX = 64;

/**
 * Answers a bucket keeps below its floor before they are swept; makes the sweep constant on
 * average.
 */
export const ANSWERS_SLACK = 8;
