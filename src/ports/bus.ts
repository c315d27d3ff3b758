/**
 * Mailboxes between processes: subjects to which bytes are published.
 *
 * Delivery: at most once, to whoever subscribes at that moment; copies and other orders are possible
 * after a reconnection. Nothing is decided by it: nonces, asks' numbers and the ledger decide.
 * Implementations: `adapters/nats/`, `sim/world/bus.ts`.
 */

export interface Bus {
  /** Never blocks. What does not fit is dropped and counted (`dropped`). */
  publish(subject: string, bytes: Uint8Array): void;
  subscribe(subject: string, hear: (bytes: Uint8Array) => void): () => void;
  /** Messages that were not taken because too much waited. */
  readonly dropped: number;
  close(): Promise<void>;
}

/** Heard by the supervisor that leads the bucket. */
export const bucketSubject = (bucket: number): string => `bucket.${bucket}`;
/** Heard by the machine on which the agent is. A did has no dots. */
export const agentSubject = (did: string): string => `agent.${did.replaceAll(":", "_")}`;
/** Heard by every supervisor. */
export const ALL_SUPERVISORS = "all";
