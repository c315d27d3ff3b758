/**
 * The registry as an actor of the system bucket: who may be drawn, ranked and paid. It publishes
 * snapshots, each logged as REGISTRY {revision, hash} and pinned by every bucket (protocol section 5).
 */

import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { decodeRegistry, encodeRegistry, type PlainRegistry } from "#domain/registry/codec.ts";
import {
  createRegistry,
  learn,
  publish,
  register,
  setPaused,
  setStake,
  tickRegistry,
  type AttestedLabels,
  type RegistryState,
} from "#domain/registry/registry.ts";
import type { RegistrySnapshot } from "#domain/registry/snapshot.ts";
import type { ReputationGain } from "#domain/ledger/requests.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import type { RegisterBody } from "#protocol/bodies.ts";
import type { Credits, Did, LogMs } from "#protocol/words.ts";
import { defineActor, type ActorKind } from "#runtime/bucket/application.ts";
import type { Logic, Step, TimerCommand } from "#runtime/logic/logic.ts";

/** Changes that come together are published together: registrations arrive in crowds. */
export const PUBLISH_DELAY_MS = 20;

export type RegistryEvent =
  | {
      readonly type: "REGISTER";
      readonly atMs: LogMs;
      readonly did: Did;
      readonly body: RegisterBody;
      readonly stake: Credits;
    }
  | {
      readonly type: "CHANGED";
      readonly atMs: LogMs;
      readonly evidence: readonly ReputationGain[];
      readonly stakes: readonly { readonly agent: Did; readonly staked: Credits }[];
    }
  /** The operator's word on an agent, or on everybody (undefined). */
  | {
      readonly type: "PAUSE";
      readonly atMs: LogMs;
      readonly agent: Did | undefined;
      readonly paused: boolean;
    }
  /** A new leader: hosts that start now have seen no snapshot. */
  | { readonly type: "EPOCH"; readonly atMs: LogMs }
  /** `atMs` is when it was due: what fired before it in the same turn may have told a later T. */
  | { readonly type: "PUBLISH"; readonly atMs: LogMs };

export type RegistryCommand = {
  readonly type: "publish";
  readonly params: { readonly snapshot: RegistrySnapshot };
};

const PUBLISH_TIMER = "publish";

const step = (state: RegistryState, event: RegistryEvent): Step<RegistryState, RegistryCommand> => {
  switch (event.type) {
    case "REGISTER": {
      tickRegistry(state, event.atMs);
      const { did, body, stake } = event;
      const controller = body.controller === undefined ? {} : { controller: body.controller };
      register(state, {
        did,
        manifest: body.manifest,
        labels: labelsOf(body),
        stake,
        ...controller,
      });
      break;
    }
    case "CHANGED":
      tickRegistry(state, event.atMs);
      for (const gain of event.evidence) learn(state, gain);
      for (const { agent, staked } of event.stakes) setStake(state, agent, staked);
      break;
    case "PAUSE":
      tickRegistry(state, event.atMs);
      setPaused(state, event.agent, event.paused);
      // At once: whoever waits for it must not wait for others' changes.
      return published(state);
    case "EPOCH":
      tickRegistry(state, event.atMs);
      state.changed = true;
      break;
    case "PUBLISH":
      tickRegistry(state, Math.max(state.nowMs, event.atMs));
      return published(state);
    default:
      event satisfies never;
  }
  return {
    state,
    commands: [],
    timers: state.changed ? [publishAfter(state, PUBLISH_DELAY_MS)] : [],
  };
};

const published = (state: RegistryState): Step<RegistryState, RegistryCommand> => {
  const before = state.snapshot.revision;
  const snapshot = publish(state);
  const timers = [publishAfter(state, state.parameters.registryPublishMs)];
  if (snapshot.revision === before) return { state, commands: [], timers };
  return { state, commands: [{ type: "publish", params: { snapshot } }], timers };
};

const publishAfter = (state: RegistryState, afterMs: number): TimerCommand => {
  const event: RegistryEvent = { type: "PUBLISH", atMs: state.nowMs + afterMs };
  return { kind: "arm", id: PUBLISH_TIMER, afterMs, event };
};

/** Admission verified every attestation that is in the log. */
const labelsOf = (body: RegisterBody): AttestedLabels => {
  const labels: { -readonly [K in keyof AttestedLabels]: AttestedLabels[K] } = {};
  for (const { label, value } of body.attestations) labels[label] = value;
  return labels;
};

const logicOfRegistry = (
  genesis: Genesis,
): Logic<RegistryState, RegistryEvent, undefined, RegistryCommand> => ({
  initial: () => ({ state: createRegistry(genesis.parameters), commands: [], timers: [] }),
  step,
  done: () => false,
  can: () => true,
  encode: encodeRegistry,
  decode: (plain) => decodeRegistry(plain as PlainRegistry, genesis.parameters),
});

export const registryActor = (genesis: Genesis): ActorKind =>
  defineActor<RegistryState, RegistryEvent, undefined, RegistryCommand>({
    kind: "registry",
    logic: logicOfRegistry(genesis),
    rests: false,
    handlers: {
      publish: ({ snapshot }, _actor, turn) => {
        const document = encode(snapshot);
        const hash = cidOf(document);
        turn.append("REGISTRY", REGISTRY_THREAD, { revision: snapshot.revision, hash, ageMs: 0 });
        turn.publish(snapshot.revision, hash, document);
      },
    },
  });

export const REGISTRY_THREAD = "registry";

/** A published snapshot's bytes back to the snapshot, amounts widened. */
export const openSnapshot = (plain: RegistrySnapshot): RegistrySnapshot => ({
  ...plain,
  agents: plain.agents.map((row) => ({ ...row, stake: BigInt(row.stake) })),
});
