/**
 * How often one entity may challenge (protocol sections 12 and 17), by the times at which its bonds were
 * taken. A refused challenge is not counted; at most `challengesPerDay` times are kept of each entity.
 */

import type { LogMs } from "#protocol/words.ts";
import { CHALLENGE_DAY_MS, CHALLENGE_HOUR_MS } from "./limits.ts";
import type { LedgerState } from "./state.ts";

const since = (state: LedgerState, entity: string, windowMs: LogMs): LogMs[] =>
  (state.challenged.get(entity) ?? []).filter((atMs) => atMs > state.nowMs - windowMs);

/** Why this entity may not challenge now; undefined where it may. */
export const tooOften = (state: LedgerState, entity: string): string | undefined => {
  const { challengesPerHour, challengesPerDay } = state.parameters;
  if (since(state, entity, CHALLENGE_HOUR_MS).length >= challengesPerHour)
    return `${challengesPerHour} an hour`;
  if (since(state, entity, CHALLENGE_DAY_MS).length >= challengesPerDay)
    return `${challengesPerDay} a day`;
  return undefined;
};

export const countChallenge = (state: LedgerState, entity: string): void => {
  const times = [...since(state, entity, CHALLENGE_DAY_MS), state.nowMs];
  // Set again, so that the map stays in order of the latest.
  state.challenged.delete(entity);
  state.challenged.set(entity, times);
};

export const forgetChallenges = (state: LedgerState): void => {
  for (const [entity, times] of state.challenged) {
    if (times.at(-1)! > state.nowMs - CHALLENGE_DAY_MS) return;
    state.challenged.delete(entity);
  }
};
