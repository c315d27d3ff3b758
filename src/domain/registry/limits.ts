/** Limits and constants of the registry (protocol sections 5, 8). */

import type { LogMs, Ppm } from "#protocol/words.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Bootstrap ends after this much time, taken together, with enough verifiers (protocol section 5).
 */
export const BOOTSTRAP_HOLD_MS: LogMs = DAY_MS;

/** No reputation is below this, so that whoever fell can still be drawn (protocol section 8). */
export const REPUTATION_LEAST_PPM: Ppm = 50_000;

/**
 * Recency is whole for this long, then falls to its least at RECENCY_END_MS (protocol section 8).
 */
export const RECENCY_WHOLE_MS: LogMs = DAY_MS;
export const RECENCY_END_MS: LogMs = 30 * DAY_MS;
export const RECENCY_LEAST_PPM: Ppm = 500_000;

/**
 * Evidence that one requester entity holds about one agent's capability: its latest ten pieces or
 * so. Ten alone lift a newcomer to about two thirds, so no requester can make a reputation for its
 * friends; and ten are enough to tell good from bad where a swarm has a single requester.
 */
export const TESTIMONY_MAX = 10;

/**
 * An idle agent's evidence halves each time this passes; recency has fallen to its least by then.
 */
export const IDLE_HALVING_MS: LogMs = 30 * DAY_MS;
