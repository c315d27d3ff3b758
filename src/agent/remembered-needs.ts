/**
 * What an agent remembers of the needs that it was told of lately: all of a need is in one place, so a
 * busy agent looks up once what it asks in many ways, however many needs it has seen.
 */

import type { OpenBid } from "#protocol/bodies.ts";
import type { NeedId, Verdict } from "#protocol/words.ts";
import { Recent } from "./recent.ts";

/**
 * Needs remembered, at least half as many: eight times what a swarm has open at a time. A notice of one that
 * is forgotten is answered again, and the bucket knows that it has been; of its time only the lease is known.
 */
export const NEEDS_REMEMBERED_MAX = 16_384;

/** What was hidden on a seat last, and of what: a plan's seats judge one candidate after another. */
export interface HiddenVote {
  readonly subject: string;
  readonly verdict: Verdict;
}

export class RememberedNeed {
  /** Monotonic milliseconds at which it was first told of: its deadline runs since then. */
  firstHeardMs: number | undefined;
  /** Notices that were answered, by their keys (notice-keys.ts): few, so they are looked through. */
  #answered: readonly string[] = NONE;
  /** By attempt. */
  #bids: Map<number, OpenBid> | undefined;
  /** By seat. */
  #votes: Map<string, HiddenVote> | undefined;

  isAnswered(notice: string): boolean {
    return this.#answered.includes(notice);
  }

  answered(notice: string): void {
    if (!this.isAnswered(notice)) this.#answered = [...this.#answered, notice];
  }

  unanswered(notice: string): void {
    this.#answered = this.#answered.filter((other) => other !== notice);
  }

  bid(attempt: number): OpenBid | undefined {
    return this.#bids?.get(attempt);
  }

  setBid(attempt: number, bid: OpenBid): void {
    (this.#bids ??= new Map()).set(attempt, bid);
  }

  vote(seat: string): HiddenVote | undefined {
    return this.#votes?.get(seat);
  }

  setVote(seat: string, vote: HiddenVote): void {
    (this.#votes ??= new Map()).set(seat, vote);
  }
}

const NONE: readonly string[] = [];

export class RememberedNeeds {
  readonly #needs = new Recent<RememberedNeed>(NEEDS_REMEMBERED_MAX);

  /** Undefined: it was never told of, or not lately. */
  peek(need: NeedId): RememberedNeed | undefined {
    return this.#needs.get(need);
  }

  /** To be kept from now on, if it was not before. */
  of(need: NeedId): RememberedNeed {
    const known = this.peek(need);
    if (known !== undefined) return known;
    const created = new RememberedNeed();
    this.#needs.set(need, created);
    return created;
  }
}
