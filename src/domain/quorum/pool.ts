/**
 * Who could be drawn, and what each weighs, by registry snapshot: the same for every need of a capability
 * until the next snapshot, so it is worked out once. A snapshot never changes, so nothing here can be old.
 */

import type { Parameters } from "../genesis/genesis.ts";
import { entityOf } from "../registry/relations.ts";
import { weights } from "../registry/reputation.ts";
import type { AgentRow, RegistrySnapshot } from "../registry/snapshot.ts";
import type { Credits, Did, LogMs } from "#protocol/words.ts";
import { eligibleVerifiers, leastStake, verifiersOf } from "./eligible.ts";

/**
 * Pools kept of one snapshot: one for each capability and each bounty above the pool's minimum. Needs of
 * one moment ask for few; beyond, all are forgotten and worked out anew.
 */
export const POOLS_KEPT_MAX = 256;

export interface PoolOf {
  readonly snapshot: RegistrySnapshot;
  readonly parameters: Parameters;
  readonly capability: string;
  readonly bounty: Credits;
}

export class Pool {
  /** Every verifier of the capability, also those that may not sit now. */
  readonly known: readonly { readonly row: AgentRow; readonly org: string }[];
  readonly eligible: readonly AgentRow[];
  readonly parameters: Parameters;
  readonly #capability: string;
  #weighed: { readonly nowMs: LogMs; readonly weights: ReadonlyMap<Did, bigint> } | undefined;

  constructor(of: PoolOf) {
    const { snapshot, parameters, capability, bounty } = of;
    this.parameters = parameters;
    this.#capability = capability;
    this.known = verifiersOf(snapshot, capability).map((row) => ({ row, org: entityOf(row) }));
    this.eligible = eligibleVerifiers(snapshot, capability, parameters, bounty);
  }

  /** Of those that are eligible, at this time. */
  weighed(nowMs: LogMs): ReadonlyMap<Did, bigint> {
    if (this.#weighed?.nowMs === nowMs) return this.#weighed.weights;
    const { weightStakeMax } = this.parameters;
    const found = weights(this.eligible, this.#capability, nowMs, weightStakeMax);
    this.#weighed = { nowMs, weights: found };
    return found;
  }
}

const kept = new WeakMap<RegistrySnapshot, Map<string, Pool>>();

export const poolOf = (of: PoolOf): Pool => {
  const { snapshot, parameters, capability, bounty } = of;
  const name = `${leastStake(parameters, bounty)} ${capability}`;
  let pools = kept.get(snapshot);
  if (pools === undefined) kept.set(snapshot, (pools = new Map()));
  let pool = pools.get(name);
  if (pool?.parameters !== parameters) {
    if (pools.size >= POOLS_KEPT_MAX) pools.clear();
    pools.set(name, (pool = new Pool(of)));
  }
  return pool;
};
