/**
 * The registry as the system bucket publishes it: who may be drawn, ranked and paid, at one revision.
 * Plain values; every bucket pins a revision by (revision, hash).
 */

import type { Credits, Did, LogMs } from "#protocol/words.ts";
import type { Role } from "#protocol/bodies.ts";

/** Evidence from settled needs, per capability (protocol section 8). */
export interface Evidence {
  readonly successes: number;
  readonly failures: number;
}

export interface AgentRow {
  readonly did: Did;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly capabilities: readonly string[];
  readonly stake: Credits;
  /** Attested labels only; undefined: not attested, and all such agents count as one org. */
  readonly org?: string;
  readonly asn?: string;
  readonly region?: string;
  readonly model?: string;
  readonly controller?: Did;
  /** By the operator: it takes on nothing new and is drawn for no seat. Absent: it is not. */
  readonly paused?: boolean;
  /** By capability; the requester-capped counts. */
  readonly reputation: Readonly<Record<string, Evidence>>;
  /** System-bucket T of the last envelope or settlement that named it. */
  readonly lastActiveMs: LogMs;
}

export interface RegistrySnapshot {
  readonly revision: number;
  /** System-bucket T at which it was published. */
  readonly atMs: LogMs;
  readonly bootstrap: boolean;
  /** Everybody takes on nothing new; committees still sit for what was committed. */
  readonly paused?: boolean;
  /** Sorted by did. */
  readonly agents: readonly AgentRow[];
}

/** May this agent take on nothing new, by itself or with everybody? */
export const isPausedIn = (
  directory: {
    readonly snapshot: Pick<RegistrySnapshot, "paused">;
    readonly rows: ReadonlyMap<Did, AgentRow>;
  },
  did: Did,
): boolean => directory.snapshot.paused === true || directory.rows.get(did)?.paused === true;
