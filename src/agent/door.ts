/**
 * Where an agent comes in: a supervisor's HTTP door (http/door.ts), or the bus of a cluster
 * (nats/door.ts). What it says and hears is the same.
 */

import type { Blocks } from "#ports/blocks.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { LabelAttestation } from "#protocol/bodies.ts";

export type AgentRole = "worker" | "verifier" | "both";

/** What an operator's agent wants beside the usual: attested labels, and what it is granted. */
export interface Wishes {
  /** Nobody judges the work of its own org; absent: the agent's name. */
  readonly org?: string;
  readonly asn?: string;
  readonly region?: string;
  readonly model?: string;
  /** Decimal credits. */
  readonly credits?: string;
  readonly stake?: string;
}

/** What an operator gives an agent that it lets in (POST /v1/agents). */
export interface Welcome {
  readonly swarm: string;
  readonly policy: string;
  /** Decimal credits that were granted: to keep, and to stake. */
  readonly credits: string;
  readonly stake: string;
  /** The signature as lower-case hex. */
  readonly attestations: readonly (Omit<LabelAttestation, "signature"> & {
    readonly signature: string;
  })[];
}

export interface Manifest {
  readonly name: string;
  readonly roles: readonly string[];
  readonly capabilities: readonly string[];
  readonly org?: string;
}

/** What the swarm knows of an agent that comes. */
export interface Known {
  readonly swarm: string;
  readonly policy: string;
  readonly isRegistered: boolean;
  /** As it is registered. */
  readonly manifest?: Manifest;
  readonly nonce: number;
  readonly staked: string;
}

export type LinkState =
  | { readonly kind: "joined" }
  | { readonly kind: "cut"; readonly reason: string; readonly againMs: number };

/** What is asked of the operator. */
export interface WelcomeAsked extends Wishes {
  readonly name: string;
  readonly role: AgentRole;
}

/** Of one agent. All of it refuses with an ApiError. */
export interface Door {
  known(): Promise<Known>;
  /** In the operator's own name; undefined where whoever comes in here cannot speak in it. */
  welcome(asked: WelcomeAsked): Promise<Welcome | undefined>;
  /** Once. */
  enter(swarm: string): { readonly link: SwarmLink; readonly blocks: Blocks };
  /** After the link was left. Twice is harmless. */
  close(): Promise<void>;
}
