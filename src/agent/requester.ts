/** A requester: posts NEEDs that were signed before, a bounded number at a time, and hears their ends. */

import type { Cid } from "#protocol/words.ts";
import type { Notice } from "#protocol/notices.ts";
import { isNack, type AgentClient, type Prepared } from "./client.ts";

/** Needs that are open at a time: enough to fill every commit, little enough to stay in memory. */
export const OPEN_NEEDS_MAX = 512;

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
}

export class Requester {
  readonly #client: AgentClient;
  readonly #events: RequesterEvents;
  readonly #nowMs: () => number;
  readonly #open = new Set<string>();
  readonly #queue: Prepared[] = [];
  readonly #openMax: number;
  #idle: (() => void)[] = [];

  constructor(
    client: AgentClient,
    events: RequesterEvents,
    nowMs: () => number,
    openMax = OPEN_NEEDS_MAX,
  ) {
    this.#client = client;
    this.#events = events;
    this.#nowMs = nowMs;
    this.#openMax = openMax;
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

  openNeeds(): readonly string[] {
    return [...this.#open];
  }

  #fill(): void {
    while (this.#open.size < this.#openMax) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#open.add(next.id);
      this.#events.posted(next.id);
      void this.#send(next);
    }
  }

  async #send(prepared: Prepared): Promise<void> {
    const sentMs = this.#nowMs();
    const receipt = await this.#client.send(prepared);
    this.#events.receipt(prepared.id, this.#nowMs() - sentMs);
    if (!this.#open.has(prepared.id)) return;
    if (isNack(receipt)) {
      const { code, detail } = receipt;
      const refused = detail === undefined ? { code } : { code, detail };
      this.#end({ need: prepared.id, outcome: "refused", attempts: 0, refused });
    } else if (receipt.first !== undefined && receipt.first !== prepared.id) {
      this.#end({ need: prepared.id, outcome: "duplicate", attempts: 0 });
    }
  }

  #end(ended: Ended): void {
    this.#open.delete(ended.need);
    this.#events.ended(ended);
    this.#fill();
    if (this.#open.size === 0 && this.#queue.length === 0)
      for (const resolve of this.#idle.splice(0)) resolve();
  }
}
