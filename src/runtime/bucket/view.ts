/** The read side of a bucket: what admission, notices and queries see. It changes nothing. */

import type { ActorRef, BucketView, Pinned } from "./application.ts";
import type { BucketState } from "./state.ts";

export class BucketReader implements BucketView {
  readonly #state: BucketState;

  constructor(state: BucketState) {
    this.#state = state;
  }

  get bucket(): number {
    return this.#state.bucket;
  }
  get atMs(): number {
    return this.#state.atMs;
  }
  get position(): number {
    return this.#state.size;
  }
  get pinned(): Pinned | undefined {
    return this.#state.pinned;
  }
  state(actor: string): unknown {
    return this.#state.actors.peek(actor)?.state;
  }
  has(actor: string): boolean {
    return this.#state.actors.has(actor);
  }
  row(key: string): unknown {
    return this.#state.rows.peek(key);
  }
  archived(key: string): unknown {
    return this.#state.archived.get(key);
  }
  nonce(sender: string, thread: string): number {
    return this.#state.threads.highest(thread, sender);
  }
  earliestMs(actor: string): number | undefined {
    const dueMs = this.#state.timers.earliest(actor);
    return dueMs === undefined ? undefined : Math.max(0, dueMs - this.atMs);
  }
  actors(kind: string): Iterable<ActorRef> {
    return this.#state.actors.ofKind(kind);
  }
}

/** What live actors want agents to know. */
export function* noticesOf(state: BucketState): Iterable<{ to: string; notice: object }> {
  const view = new BucketReader(state);
  for (const actor of state.actors.values()) yield* actor.kind.notices(actor, view);
}
