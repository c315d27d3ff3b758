/** Who may sit on a committee (protocol sections 5, 8, 9): active verifiers, unrelated to the parties. */

import type { Parameters } from "../genesis/genesis.ts";
import { entityOf, partyOf, related } from "../registry/relations.ts";
import type { AgentRow, RegistrySnapshot } from "../registry/snapshot.ts";
import type { Credits, Did } from "#protocol/words.ts";

/** The least total stake of who judges, whatever the bounty: 10 credits. */
export const STAKE_LEAST: Credits = 10_000_000n;

export const verifiersOf = (snapshot: RegistrySnapshot, capability: string): AgentRow[] =>
  snapshot.agents.filter(
    (row) => row.roles.includes("verifier") && row.capabilities.includes(capability),
  );

/** What a verifier must have staked to judge a need of this bounty. */
export const leastStake = ({ verifyStakeMin }: Parameters, bounty: Credits): Credits => {
  const asked = bounty > STAKE_LEAST ? bounty : STAKE_LEAST;
  return asked > verifyStakeMin ? asked : verifyStakeMin;
};

/**
 * Active verifiers of the capability, none of them paused, with stake ≥ the pool's minimum and
 * ≥ max(10, bounty).
 */
export const eligibleVerifiers = (
  snapshot: RegistrySnapshot,
  capability: string,
  parameters: Parameters,
  bounty: Credits = 0n,
): AgentRow[] => {
  const least = leastStake(parameters, bounty);
  return verifiersOf(snapshot, capability).filter(
    (row) => row.paused !== true && row.stake >= least,
  );
};

/** E4: neither a party nor related to one, registered or not. */
export const unrelatedTo = (
  pool: readonly AgentRow[],
  parties: readonly Did[],
  rows: ReadonlyMap<Did, AgentRow>,
): AgentRow[] => {
  const others = parties.map((party) => partyOf(party, rows.get(party)));
  return pool.filter((row) => !others.some((party) => related(row, party)));
};

/** Seats that one org may hold of `seats`: its share rounded up, at least one. */
export const seatsPerOrg = (seats: number, parameters: Parameters): number =>
  Math.max(1, Math.ceil((seats * parameters.diversityOrgPpm) / 1_000_000));

/**
 * How many of a pool can sit together: no org beyond its share of the 2K − 1 seats. All unattested
 * agents count as one org.
 */
export const seatable = (pool: readonly AgentRow[], k: number, parameters: Parameters): number => {
  const perOrg = seatsPerOrg(2 * k - 1, parameters);
  const byOrg = new Map<string, number>();
  for (const row of pool) byOrg.set(entityOf(row), (byOrg.get(entityOf(row)) ?? 0) + 1);
  let seats = 0;
  for (const count of byOrg.values()) seats += Math.min(count, perOrg);
  return seats;
};

/** Is there a worker for which K verifiers can sit? Else the NEED is refused at once (section 5). */
export const hasRoomFor = (need: {
  readonly k: number;
  readonly pool: readonly AgentRow[];
  readonly requester: Did;
  readonly workers: readonly Did[];
  readonly rows: ReadonlyMap<Did, AgentRow>;
  readonly parameters: Parameters;
}): boolean => {
  const { k, pool, requester, workers, rows, parameters } = need;
  return workers.some(
    (worker) => seatable(unrelatedTo(pool, [requester, worker], rows), k, parameters) >= k,
  );
};
