/**
 * A requester: posts NEEDs that were signed before, as many at a time as the market keeps up with
 * (pace.ts), and hears their ends.
 */

import type { Cid } from "#protocol/words.ts";
import type { Notice } from "#protocol/notices.ts";
import { isNack, type AgentClient, type Prepared } from "./client.ts";
import type { Pace } from "./pace.ts";

export interface Ended {
  readonly need: string;
  readonly outcome: string;
  readonly attempts: number;
  readonly worker?: string;
  readonly artifact?: Cid;
  readonly output?: unknown;
  /** Why it was never opened. */
  readonly refused?: { readonly code: string; readonly detail?: string };
}

export interface RequesterEvents {
  readonly posted: (need: string) => void;
  readonly receipt: (need: string, afterMs: number) => void;
  readonly ended: (ended: Ended) => void;
  /** The same NEED with new bytes, stored before this returns: those that were signed have expired. */
  readonly renewed?: (expired: Prepared) => Prepared;
  /** A need goes on under another id: its bytes were renewed, or earlier ones had been taken after all. */
  readonly moved?: (from: string, to: string) => void;
  /** Both are ids of one need of ours. */
  readonly isSame?: (one: string, other: string) => boolean;
}

/** Times that one need is signed anew: its bytes last for ten minutes (unanswered.ts). */
export const RENEWALS_MAX = 5;

export class Requester {
  readonly #client: AgentClient;
  readonly #events: RequesterEvents;
  readonly #nowMs: () => number;
  /** Each with the moment it was posted. */
  readonly #open = new Map<string, number>();
  readonly #queue: Prepared[] = [];
  readonly #pace: Pace;
  #idle: (() => void)[] = [];

  constructor(client: AgentClient, events: RequesterEvents, nowMs: () => number, pace: Pace) {
    this.#client = client;
    this.#events = events;
    this.#nowMs = nowMs;
    this.#pace = pace;
  }

  post(needs: readonly Prepared[]): void {
    this.#queue.push(...needs);
    this.#fill();
  }

  /** Resolves when every posted need has ended. */
  async done(): Promise<void> {
    while (this.#open.size > 0 || this.#queue.length > 0)
      await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  hear(notice: Notice): void {
    if (notice.kind !== "ended" || !this.#open.has(notice.need)) return;
    const { need, outcome, attempt, worker, artifact, output } = notice;
    this.#end({
      need,
      outcome,
      attempts: attempt,
      ...(worker === undefined ? {} : { worker }),
      ...(artifact === undefined ? {} : { artifact }),
      ...(output === undefined ? {} : { output }),
    });
  }

  /** Learned otherwise (asked after a restart) that it has ended. */
  learn(ended: Ended): void {
    if (this.#open.has(ended.need)) this.#end(ended);
  }

  /** Posted so long ago, ms, and not ended. */
  openNeeds(sinceMs: number): readonly string[] {
    const untilMs = this.#nowMs() - sinceMs;
    return [...this.#open].flatMap(([need, postedMs]) => (postedMs <= untilMs ? [need] : []));
  }

  #fill(): void {
    const nowMs = this.#nowMs();
    while (this.#open.size < this.#pace.openMax(nowMs)) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#open.set(next.id, nowMs);
      this.#pace.posted(nowMs);
      this.#events.posted(next.id);
      void this.#send(next);
    }
  }

  async #send(prepared: Prepared, renewals = 0): Promise<void> {
    const sentMs = this.#nowMs();
    // A crowd passes, and so does the operator's pause.
    const receipt = await this.#client.send(prepared, { untilTaken: true });
    this.#events.receipt(prepared.id, this.#nowMs() - sentMs);
    if (!this.#open.has(prepared.id)) return;
    const { renewed, isSame } = this.#events;
    if (isNack(receipt) && receipt.code === "EXPIRED" && renewals < RENEWALS_MAX && renewed) {
      // What expired before it came never takes effect; if it came before, its key tells (first, below).
      const next = renewed(prepared);
      this.#move(prepared.id, next.id);
      await this.#send(next, renewals + 1);
      return;
    }
    if (isNack(receipt)) {
      const { code, detail } = receipt;
      const refused = detail === undefined ? { code } : { code, detail };
      this.#end({ need: prepared.id, outcome: "refused", attempts: 0, refused });
    } else if (receipt.first !== undefined && receipt.first !== prepared.id) {
      if (isSame?.(receipt.first, prepared.id) === true) this.#move(prepared.id, receipt.first);
      else this.#end({ need: prepared.id, outcome: "duplicate", attempts: 0 });
    }
  }

  #move(from: string, to: string): void {
    const postedMs = this.#open.get(from) ?? this.#nowMs();
    this.#open.delete(from);
    this.#open.set(to, postedMs);
    this.#events.moved?.(from, to);
  }

  #end(ended: Ended): void {
    const nowMs = this.#nowMs();
    const postedMs = this.#open.get(ended.need) ?? nowMs;
    this.#open.delete(ended.need);
    // What was never opened says nothing of the market.
    if (ended.attempts > 0) this.#pace.ended(nowMs, nowMs - postedMs);
    this.#events.ended(ended);
    this.#fill();
    if (this.#open.size === 0 && this.#queue.length === 0)
      for (const resolve of this.#idle.splice(0)) resolve();
  }
}
