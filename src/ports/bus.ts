/**
 * Mailboxes between processes: subjects to which bytes are published.
 *
 * Delivery: to whoever subscribes at that moment, once as a rule; none, copies and other orders are
 * possible whenever a connection breaks. Nothing is decided by it: nonces, asks' numbers and the ledger
 * decide, and whoever needs an answer asks again.
 * Ownership: published bytes are given up; heard bytes are shared by all who hear them, to be read only.
 * Implementations: `adapters/nats/bus.ts`, `sim/world/bus.ts`.
 */

/** Bytes of a message that every bus carries: the largest payload of a NATS server as it is shipped. */
export const MESSAGE_BYTES_MAX = 1_048_576;

export interface Bus {
  /**
   * Never blocks and never throws. What does not fit, because it is larger than the bus carries or too
   * much waits already, is dropped and counted (`dropped`). After a close it may be lost unseen.
   */
  publish(subject: string, bytes: Uint8Array): void;
  /** Returns a function that gives the subscription up; from then on nothing is heard. */
  subscribe(subject: string, hear: (bytes: Uint8Array) => void): () => void;
  /** Messages that were not taken because they did not fit. */
  readonly dropped: number;
  /** Lets out what was published, as far as there is a connection. Twice is harmless. */
  close(): Promise<void>;
}

/*
 * Who may publish is decided by the servers, by subject: agents' machines to `bucket.*`, `door.*` and
 * `presence`, hearing their own agents' subjects; supervisors to all and hearing all
 * (docs/internals/nats.md).
 */

/** Heard by the supervisor that leads the bucket: signed envelopes, from whoever. */
export const bucketSubject = (bucket: number): string => `bucket.${bucket}`;
/** Heard by the supervisor that leads the bucket: messages of other buckets, from supervisors. */
export const peerSubject = (bucket: number): string => `peer.${bucket}`;
/** Heard by the machine on which the agent is, from supervisors. A did has no dots. */
export const agentSubject = (did: string): string => `agent.${did.replaceAll(":", "_")}`;
/** Heard by the agent, from supervisors: answers to what it asked at a door. */
export const answerSubject = (did: string): string => `${agentSubject(did)}.answer`;
/** Heard by the supervisor that leads the bucket: questions of agents, signed (protocol/door.ts). */
export const doorSubject = (bucket: number): string => `door.${bucket}`;
/** Heard by every supervisor, from supervisors. */
export const ALL_SUPERVISORS = "all";
/** Heard by every supervisor: which agents are there, from the machines on which they are. */
export const PRESENCE = "presence";
