/**
 * What an agent would do a need for: the price and time of its settings, or what its program says. Says
 * nothing to anybody: whether and how an offer becomes a bid is the agent's affair (hired-agent.ts).
 *
 * O1  A call for bids is answered within its remaining time; a program that fails until then passes.
 * O2  A foretold need is asked about once, and what the program said is kept, a pass too. Of a call that
 *     failed nothing is kept.
 * O3  What is kept is given once, to a call for bids of the first attempt. A program that is still at it is
 *     waited for and not asked twice; where its call fails it is asked anew.
 * O4  At most FORETOLD_KEPT_MAX are kept, each for FORETOLD_MS_MAX at most: of a need that never comes
 *     nothing else is left.
 */

import type { Clock } from "#ports/clock.ts";
import { parseCredits } from "#protocol/amount.ts";
import type { OpenBid } from "#protocol/bodies.ts";
import { FORETOLD, type Notice } from "#protocol/notices.ts";
import type { Credits } from "#protocol/words.ts";
import { viewOf } from "./need-view.ts";
import { Recent } from "./recent.ts";
import type { Asks, Runner } from "./runner/runner.ts";
import { VALID_MS } from "./unanswered.ts";
import { CALL_MS_MAX } from "./work-time.ts";

/** Foretold needs whose offers are kept, at least half as many: eight supervisors tell no more at a time. */
export const FORETOLD_KEPT_MAX = 512;
/** For so long, ms: a NEED that was signed earlier can be taken no more, and a price grows old. */
export const FORETOLD_MS_MAX = VALID_MS;

export interface OffersOptions {
  readonly runner: Pick<Runner, "call">;
  readonly clock: Clock;
  readonly price: Credits;
  readonly etaMs: number;
  /** Whether the program is asked, or the settings speak for it. */
  readonly asks: Pick<Asks, "bid">;
}

type Of<K extends Notice["kind"]> = Extract<Notice, { kind: K }>;

type Wish = { readonly price: Credits; readonly etaMs: number } | "pass";

interface Foretold {
  /** Monotonic milliseconds at which it was told. */
  readonly toldMs: number;
  /** Undefined: the call failed. Never rejects. */
  readonly wish: Promise<Wish | undefined>;
}

const OUT_OF_TIME = Symbol("out of time");

export class Offers {
  readonly #o: OffersOptions;
  readonly #foretold = new Recent<Foretold>(FORETOLD_KEPT_MAX);

  constructor(options: OffersOptions) {
    this.#o = options;
  }

  /** Undefined: it passes. */
  async to(notice: Of<"bid">): Promise<OpenBid | undefined> {
    const { body } = notice;
    const wish = this.#o.asks.bid ? await this.#wish(notice) : this.#usual();
    if (wish === undefined || wish === "pass") return undefined;
    const { price, etaMs } = wish;
    if (price > body.bounty || etaMs > body.deadlineMs) return undefined;
    return { price, etaMs, patch: [] };
  }

  /** Resolves when the program has answered. Rejects where the notice holds no need. */
  async foretell(notice: Of<"foretell">): Promise<void> {
    const { need } = notice;
    if (!this.#o.asks.bid || this.#foretold.has(need)) return;
    const asked = this.#asked(notice, CALL_MS_MAX);
    const wish = asked.catch(() => undefined); // told by the last line
    const foretold: Foretold = { toldMs: this.#o.clock.monotonicMs(), wish };
    this.#foretold.set(need, foretold);
    const isKept = (await wish) !== undefined || this.#foretold.get(need) !== foretold;
    if (!isKept) this.#foretold.delete(need);
    await asked;
  }

  #usual(): Wish {
    const { price, etaMs } = this.#o;
    return { price, etaMs };
  }

  /** Undefined: no answer came in time. */
  async #wish(notice: Of<"bid">): Promise<Wish | undefined> {
    const { clock } = this.#o;
    const beganMs = clock.monotonicMs();
    const timeMs = Math.min(CALL_MS_MAX, Math.max(1, notice.remainingMs));
    const foretold = this.#taken(notice);
    if (foretold === undefined) return this.#asked(notice, timeMs);
    const kept = await this.#within(timeMs, foretold.wish);
    if (kept === OUT_OF_TIME) return undefined;
    if (kept !== undefined) return kept;
    return this.#asked(notice, Math.max(1, timeMs - (clock.monotonicMs() - beganMs)));
  }

  /** O3: a call that is repeated, or is of a later attempt, asks the program. */
  #taken({ need, attempt }: Of<"bid">): Foretold | undefined {
    const foretold = this.#foretold.get(need);
    this.#foretold.delete(need);
    if (foretold === undefined || attempt !== FORETOLD.attempt) return undefined;
    const ageMs = this.#o.clock.monotonicMs() - foretold.toldMs;
    return ageMs <= FORETOLD_MS_MAX ? foretold : undefined;
  }

  /** Undefined: the call failed. */
  async #asked(notice: Of<"bid" | "foretell">, timeoutMs: number): Promise<Wish | undefined> {
    const { input: source } = notice.body;
    const input = "value" in source ? { input: source.value } : {};
    const call = { kind: "bid", need: viewOf(notice), ...input } as const;
    const result = await this.#o.runner.call<"bid">(call, { timeoutMs });
    if (result.kind === "failed") return undefined;
    if ("pass" in result.value) return "pass";
    const { price, etaMs } = result.value;
    const told = price === undefined ? undefined : parseCredits(price);
    return { price: told ?? this.#o.price, etaMs: etaMs ?? this.#o.etaMs };
  }

  async #within<T>(timeMs: number, waited: Promise<T>): Promise<T | typeof OUT_OF_TIME> {
    let cancel = (): void => undefined;
    const end = new Promise<typeof OUT_OF_TIME>((resolve) => {
      cancel = this.#o.clock.after(timeMs, () => resolve(OUT_OF_TIME));
    });
    try {
      return await Promise.race([waited, end]);
    } finally {
      cancel();
    }
  }
}
