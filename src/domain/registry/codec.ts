/** The registry as plain data and back; equal registries have equal data. */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { Manifest } from "#protocol/bodies.ts";
import type { Credits, Did, LogMs } from "#protocol/words.ts";
import { widenCredits } from "../ledger/widen.ts";
import { createRegistry } from "./registry.ts";
import type { AttestedLabels, RegistryState } from "./registry.ts";
import type { RegistrySnapshot } from "./snapshot.ts";
import type { Testimony } from "./testimony.ts";

interface PlainAgent {
  readonly did: Did;
  readonly manifest: Manifest;
  readonly labels: AttestedLabels;
  readonly controller: readonly Did[];
  /** Absent: its attested org, if any. */
  readonly owner?: string;
  readonly paused?: true;
  readonly stake: Credits;
  readonly lastActiveMs: LogMs;
  /** Capability, then requester entity. */
  readonly testimonies: readonly (readonly [string, readonly (readonly [string, Testimony])[]])[];
}

export interface PlainRegistry {
  readonly version: 1;
  readonly nowMs: LogMs;
  readonly agents: readonly PlainAgent[];
  readonly bootstrap: boolean;
  readonly pausedAll?: true;
  readonly bootstrapHeldMs: LogMs;
  readonly changed: boolean;
  readonly snapshot: RegistrySnapshot;
}

const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

export const encodeRegistry = (state: RegistryState): PlainRegistry => ({
  version: 1,
  nowMs: state.nowMs,
  agents: sorted(state.agents).map(([, { owner, paused, ...record }]) => ({
    ...record,
    ...(owner === undefined || owner === record.labels.org ? {} : { owner }),
    ...(paused ? { paused } : {}),
    controller: record.controller === undefined ? [] : [record.controller],
    testimonies: sorted(record.testimonies).map(([capability, testimonies]) => [
      capability,
      sorted(testimonies).map(([entity, held]) => [entity, { ...held }] as const),
    ]),
  })),
  bootstrap: state.bootstrap,
  ...(state.pausedAll ? { pausedAll: true } : {}),
  bootstrapHeldMs: state.bootstrapHeldMs,
  changed: state.changed,
  snapshot: state.snapshot,
});

/** What the state hash covers: all of it. */
export const registryStateForHash: (state: RegistryState) => PlainRegistry = encodeRegistry;

export const decodeRegistry = (given: PlainRegistry, parameters: Parameters): RegistryState => {
  const plain = widenCredits(given);
  const state = createRegistry(parameters);
  const { nowMs, bootstrap, pausedAll = false, bootstrapHeldMs, changed, snapshot } = plain;
  Object.assign(state, { nowMs, bootstrap, pausedAll, bootstrapHeldMs, changed, snapshot });
  for (const agent of plain.agents) {
    const testimonies = agent.testimonies.map(
      ([capability, rows]) =>
        [capability, new Map(rows.map(([entity, held]) => [entity, { ...held }]))] as const,
    );
    state.agents.set(agent.did, {
      ...agent,
      controller: agent.controller[0],
      owner: agent.owner ?? agent.labels.org,
      paused: agent.paused ?? false,
      testimonies: new Map(testimonies),
    });
    const { roles } = agent.manifest;
    const staked = agent.stake >= parameters.verifyStakeMin;
    if (roles.includes("verifier") && staked) state.verifiers += 1;
  }
  return state;
};
