/**
 * The registry: agents as the system bucket knows them, published as snapshots.
 *
 * Owns manifests, attested labels, reputation evidence, activity and the bootstrap flag. Stake is
 * the ledger's and is told to it. Labels were verified by the caller: what is not attested is not
 * here.
 *
 * R1  Revisions grow strictly, and only with a new snapshot: at once when who may be drawn or paid
 *     has changed (registration, stake, pauses, bootstrap), else every `registryPublishMs`. Evidence and
 *     activity ride along; they would otherwise make a new snapshot of every turn.
 * R2  Bootstrap ends once and for ever.
 * R3  `tick` moves time; everything else happens at the time of the last tick.
 */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { Manifest } from "#protocol/bodies.ts";
import type { Credits, Did, LogMs } from "#protocol/words.ts";
import { assert } from "../ledger/bug.ts";
import type { ReputationGain } from "../ledger/requests.ts";
import { BOOTSTRAP_HOLD_MS, IDLE_HALVING_MS } from "./limits.ts";
import { entityOf, relatedBy } from "./relations.ts";
import type { AgentRow, Evidence, RegistrySnapshot } from "./snapshot.ts";
import { evidenceOf, halve, testify } from "./testimony.ts";
import type { Testimonies } from "./testimony.ts";

/** Verified by the caller. */
export interface AttestedLabels {
  readonly org?: string;
  readonly asn?: string;
  readonly region?: string;
  readonly model?: string;
}

export interface Registration {
  readonly did: Did;
  readonly manifest: Manifest;
  readonly labels: AttestedLabels;
  readonly controller?: Did;
  /** What the ledger says that it has staked. */
  readonly stake: Credits;
}

export interface AgentRecord {
  readonly did: Did;
  readonly manifest: Manifest;
  readonly labels: AttestedLabels;
  readonly controller: Did | undefined;
  readonly stake: Credits;
  readonly lastActiveMs: LogMs;
  /** The first org that was ever attested of it: no later registration changes whose money it spends. */
  readonly owner: string | undefined;
  /** By the operator; belongs to the key, so registering again does not lift it. */
  readonly paused: boolean;
  /** By capability. */
  readonly testimonies: Map<string, Testimonies>;
}

export interface RegistryState {
  readonly parameters: Parameters;
  nowMs: LogMs;
  readonly agents: Map<Did, AgentRecord>;
  /** Verifiers with at least the pool's stake, kept with every change. */
  verifiers: number;
  bootstrap: boolean;
  /** Nothing new begins, whoever asks. */
  pausedAll: boolean;
  /** Time with enough verifiers, taken together. */
  bootstrapHeldMs: LogMs;
  /** Something that cannot wait has changed since the last snapshot. */
  changed: boolean;
  snapshot: RegistrySnapshot;
}

/** A threshold of 0 in the genesis: there is no bootstrap. */
export const createRegistry = (parameters: Parameters): RegistryState => {
  const bootstrap = parameters.bootstrapUntilAgents > 0;
  return {
    parameters,
    nowMs: 0,
    agents: new Map(),
    verifiers: 0,
    bootstrap,
    pausedAll: false,
    bootstrapHeldMs: 0,
    changed: true,
    snapshot: { revision: 0, atMs: 0, bootstrap, agents: [] },
  };
};

const isVerifier = (state: RegistryState, record: AgentRecord | undefined): boolean =>
  record !== undefined &&
  record.manifest.roles.includes("verifier") &&
  record.stake >= state.parameters.verifyStakeMin;

const put = (state: RegistryState, record: AgentRecord): void => {
  const before = state.agents.get(record.did);
  state.verifiers += Number(isVerifier(state, record)) - Number(isVerifier(state, before));
  state.agents.set(record.did, record);
};

const halvingsOf = (state: RegistryState, record: AgentRecord): number =>
  Math.floor((state.nowMs - record.lastActiveMs) / IDLE_HALVING_MS);

/** REGISTER: a new agent, or a known one with a new manifest; evidence stays with the key. */
export const register = (state: RegistryState, registration: Registration): void => {
  const { did, manifest, labels, controller, stake } = registration;
  touch(state, did);
  const known = state.agents.get(did);
  put(state, {
    did,
    manifest,
    labels,
    controller,
    stake,
    lastActiveMs: state.nowMs,
    owner: known?.owner ?? labels.org,
    paused: known?.paused ?? false,
    testimonies: known?.testimonies ?? new Map<string, Testimonies>(),
  });
  state.changed = true;
};

export const isRegistered = (state: RegistryState, did: Did): boolean => state.agents.has(did);

/** An envelope or a settlement named it. What idleness took from its evidence is taken for good. */
export const touch = (state: RegistryState, did: Did): void => {
  const record = state.agents.get(did);
  if (record === undefined || record.lastActiveMs === state.nowMs) return;
  const halvings = halvingsOf(state, record);
  if (halvings > 0) {
    for (const testimonies of record.testimonies.values()) halve(testimonies, halvings);
  }
  state.agents.set(did, { ...record, lastActiveMs: state.nowMs });
};

/** The ledger's word; an agent not yet registered brings its stake when it registers. */
export const setStake = (state: RegistryState, did: Did, stake: Credits): void => {
  const record = state.agents.get(did);
  if (record === undefined || record.stake === stake) return;
  put(state, { ...record, stake });
  state.changed = true;
};

/** The operator's word: an agent, or everybody (undefined). Nothing is kept about unknown keys. */
export const setPaused = (state: RegistryState, did: Did | undefined, paused: boolean): void => {
  if (did === undefined) {
    state.changed ||= state.pausedAll !== paused;
    state.pausedAll = paused;
    return;
  }
  const record = state.agents.get(did);
  if (record === undefined || record.paused === paused) return;
  put(state, { ...record, paused });
  state.changed = true;
};

/** Whose spend limits stand over whom, beside its own. */
export const ownerNow =
  (state: RegistryState) =>
  (did: Did): string | undefined =>
    state.agents.get(did)?.owner;

/** Evidence of a posted settlement. Nothing is kept about keys that never registered. */
export const learn = (state: RegistryState, gain: ReputationGain): void => {
  touch(state, gain.agent);
  const record = state.agents.get(gain.agent);
  if (record === undefined) return;
  const testimonies = record.testimonies.get(gain.capability) ?? new Map();
  record.testimonies.set(gain.capability, testimonies);
  const witness = state.agents.get(gain.requester)?.labels;
  testify(testimonies, entityOf(witness), gain.success, gain.weight);
};

/** Time passes. Bootstrap ends after BOOTSTRAP_HOLD_MS, taken together, with enough verifiers. */
export const tickRegistry = (state: RegistryState, nowMs: LogMs): void => {
  assert(nowMs >= state.nowMs, "R3: log time does not go back");
  const passedMs = nowMs - state.nowMs;
  state.nowMs = nowMs;
  if (!state.bootstrap || state.verifiers < state.parameters.bootstrapUntilAgents) return;
  state.bootstrapHeldMs += passedMs;
  if (state.bootstrapHeldMs < BOOTSTRAP_HOLD_MS) return;
  state.bootstrap = false;
  state.changed = true;
};

const rowOfRecord = (state: RegistryState, record: AgentRecord): AgentRow => {
  const { did, manifest, labels, controller, stake, lastActiveMs, paused, testimonies } = record;
  const halvings = halvingsOf(state, record);
  const reputation: Record<string, Evidence> = {};
  for (const capability of [...testimonies.keys()].sort()) {
    reputation[capability] = evidenceOf(testimonies.get(capability)!, halvings);
  }
  const { name, roles, capabilities } = manifest;
  return {
    did,
    name,
    roles,
    capabilities,
    stake,
    ...labels,
    ...(controller === undefined ? {} : { controller }),
    ...(paused ? { paused } : {}),
    reputation,
    lastActiveMs,
  };
};

/** The agent as it is now, not as last published; the ledger pays by this. */
export const rowOf = (state: RegistryState, did: Did): AgentRow | undefined => {
  const record = state.agents.get(did);
  return record === undefined ? undefined : rowOfRecord(state, record);
};

/** Who is related to whom now (E4), by labels and controllers alone. */
export const relatedNow = (state: RegistryState): ((a: Did, b: Did) => boolean) =>
  relatedBy((did) => {
    const record = state.agents.get(did);
    if (record === undefined) return undefined;
    return { did, org: record.labels.org, controller: record.controller };
  });

/** Every agent as it stands at this moment, by did; what the last snapshot says may be older. */
export const rowsOf = (state: RegistryState): AgentRow[] =>
  [...state.agents.values()]
    .sort((a, b) => (a.did < b.did ? -1 : 1))
    .map((record) => rowOfRecord(state, record));

/** The snapshot that holds now: the last one, or a new one where R1 asks for it. */
export const publish = (state: RegistryState): RegistrySnapshot => {
  const ageMs = state.nowMs - state.snapshot.atMs;
  if (!state.changed && ageMs < state.parameters.registryPublishMs) return state.snapshot;
  state.snapshot = {
    revision: state.snapshot.revision + 1,
    atMs: state.nowMs,
    bootstrap: state.bootstrap,
    ...(state.pausedAll ? { paused: true } : {}),
    agents: rowsOf(state),
  };
  state.changed = false;
  return state.snapshot;
};
