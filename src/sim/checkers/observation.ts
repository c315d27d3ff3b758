/**
 * What a run left behind and what was seen on its wires. Checkers know nothing else: no state of an
 * actor, no function of the code they judge. An audit of a real folder is an observation too, with no
 * wires.
 */

import type { Cid } from "#envelope/ids.ts";
import type { Epoch, Head } from "#ports/store.ts";

/** True time of the simulated world, ms: no clock of any machine in it. */
export type TrueMs = number;

/** A write that reached the consensus store, in the order in which it was judged there. */
export interface SeenCommit {
  readonly atMs: TrueMs;
  /** Which supervisor sent it. */
  readonly by: string;
  readonly bucket: number;
  readonly epoch: Epoch;
  /** Hash of the record that the write was built on, hex. */
  readonly parent: string;
  /** Hashes of its records, hex, in order. */
  readonly records: readonly string[];
  /** `need/attempt` of each decide key it created. */
  readonly decides: readonly string[];
  readonly outcome: "applied" | "refused" | "lost";
}

/** An epoch that the store gave out: from now on every older one of the bucket is fenced. */
export interface SeenLead {
  readonly atMs: TrueMs;
  readonly by: string;
  readonly bucket: number;
  readonly epoch: Epoch;
}

/** A receipt or notice that left a supervisor, as the agent's machine was sent it. */
export type SeenOutput =
  | {
      readonly kind: "receipt";
      readonly atMs: TrueMs;
      readonly by: string;
      readonly to: string;
      /** Decoded: the ACK or NACK as written in protocol/notices.ts. */
      readonly receipt: object;
    }
  | {
      readonly kind: "notice";
      readonly atMs: TrueMs;
      readonly by: string;
      readonly to: string;
      readonly notice: object;
    };

/** Bytes that an agent, honest or not, put on the wire: a signed envelope, or something else. */
export interface SeenWire {
  readonly atMs: TrueMs;
  readonly from: string;
  readonly wire: Uint8Array;
}

/** What the store held when a supervisor restarted or the run ended. */
export interface SeenHead {
  readonly atMs: TrueMs;
  readonly head: Head;
}

export interface Observation {
  /** The genesis in its canonical bytes. */
  readonly genesis: Uint8Array;
  /** Every chain from its first record to the head, as stored. */
  readonly logs: ReadonlyMap<number, readonly Uint8Array[]>;
  readonly heads: ReadonlyMap<number, Head>;
  /** Decide keys that exist at the end, by bucket. */
  readonly decideKeys: ReadonlyMap<number, readonly string[]>;
  readonly block: (cid: Cid) => Uint8Array | undefined;
  readonly commits: readonly SeenCommit[];
  readonly leads: readonly SeenLead[];
  readonly outputs: readonly SeenOutput[];
  readonly wires: readonly SeenWire[];
  /** Faults had ended and everything asked had its time to end: what must end has to have ended. */
  readonly isQuiet: boolean;
}

export interface Violation {
  /** P1 … P8, E1 … E6. */
  readonly property: string;
  readonly bucket?: number;
  readonly need?: string;
  /** One sentence with the figures. */
  readonly what: string;
}

export type Checked =
  | {
      readonly kind: "checked";
      readonly violations: readonly Violation[];
      /** Which part of the property this observation does not show, as a clause. */
      readonly without?: string;
    }
  /** The feature does not exist yet, or this observation does not show it: never reported as green. */
  | { readonly kind: "not-covered"; readonly why: string };

/** One property, checked on one observation. */
export interface Checker {
  readonly property: string;
  readonly check: (observation: Observation) => Checked;
}
