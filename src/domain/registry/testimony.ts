/**
 * What requester entities have witnessed about one agent's capability.
 *
 * Y1  One entity's testimony is at most TESTIMONY_MAX pieces: a new piece beyond that displaces as
 *     much of the older ones, in proportion. So gains are capped per requester entity, a failure
 *     always counts, and the latest work counts most.
 * Y2  All requesters without an attested org are one entity; a new key gives no new voice.
 */

import type { Ppm } from "#protocol/words.ts";
import { TESTIMONY_MAX } from "./limits.ts";
import type { Evidence } from "./snapshot.ts";

const MILLION = 1_000_000;
const HELD_MAX: Ppm = TESTIMONY_MAX * MILLION;

/** In parts per million of one piece. */
export interface Testimony {
  successes: Ppm;
  failures: Ppm;
}

/** By requester entity. */
export type Testimonies = Map<string, Testimony>;

/** `weight` is at most one piece, 1,000,000. */
export const testify = (
  testimonies: Testimonies,
  entity: string,
  success: boolean,
  weight: Ppm,
): void => {
  const held = testimonies.get(entity) ?? { successes: 0, failures: 0 };
  const sum = held.successes + held.failures;
  const room = HELD_MAX - weight;
  // At most 10^7 × 10^7: exact in a number.
  const kept = (part: Ppm): Ppm => (sum <= room ? part : Math.floor((part * room) / sum));
  testimonies.set(entity, {
    successes: kept(held.successes) + (success ? weight : 0),
    failures: kept(held.failures) + (success ? 0 : weight),
  });
};

/** Halves everything `times` times; what becomes nothing is dropped. */
export const halve = (testimonies: Testimonies, times: number): void => {
  const divisor = 2 ** Math.min(times, 30);
  for (const [entity, held] of testimonies) {
    const successes = Math.floor(held.successes / divisor);
    const failures = Math.floor(held.failures / divisor);
    if (successes === 0 && failures === 0) testimonies.delete(entity);
    else testimonies.set(entity, { successes, failures });
  }
};

/** Whole pieces, rounded to the nearest, after `halvings`. */
export const evidenceOf = (testimonies: Testimonies, halvings: number): Evidence => {
  let successes = 0;
  let failures = 0;
  for (const held of testimonies.values()) {
    successes += held.successes;
    failures += held.failures;
  }
  const divisor = MILLION * 2 ** Math.min(halvings, 30);
  return {
    successes: Math.round(successes / divisor),
    failures: Math.round(failures / divisor),
  };
};
