/**
 * What one agent has said and has no receipt for: said again in the same bytes until it has one, or until the
 * refusal that comes is the last word.
 *
 * U1  A copy goes out only when the answer is late for this link (answer-time.ts), then ever more rarely.
 * U2  An answer that cost work and is not acknowledged soon is in the outbox, where there is one.
 * U3  A refusal is told only when no copy on its way may still be taken.
 */

import type { Clock } from "#ports/clock.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Nack, Receipt } from "#protocol/notices.ts";
import { REFUSALS, type RefusalCode } from "#protocol/refusals.ts";
import type { EnvelopeId } from "#protocol/words.ts";
import { AnswerTime } from "./answer-time.ts";
import type { Kept, Outbox } from "./outbox.ts";

/** How long an envelope may be acted on after it was signed. */
export const VALID_MS = 10 * 60_000;
/** First and longest wait before the same bytes go again, the first one longer where answers take long. */
export const RESEND_MIN_MS = 200;
export const RESEND_MAX_MS = 5_000;
/** Refusals to come later of one envelope, each twice as long after the one before: 6.2 s in all. */
export const LATERS_MAX = 6;
/** What waits so long for its next resend is kept in the outbox: 1.4 s after it was signed, or some more. */
export const KEPT_FROM_MS = 800;
/** A copy without an answer is lost by then. */
const COPY_MS_MAX = 5_000;
/** Refusals that whoever says a thing until it is taken waits for. */
const PASSING: ReadonlySet<RefusalCode> = new Set(["MAILBOX_FULL", "PAUSED"]);

export interface Patience {
  /**
   * A crowd (MAILBOX_FULL) and the operator's pause are waited for, however long they last. Otherwise a
   * pause is waited for LATERS_MAX times, and whoever opens a thread is told of a crowd at once.
   */
  readonly untilTaken: boolean;
}
export const USUAL: Patience = { untilTaken: false };

/** Who waits for the receipt, and how. */
export interface Asked {
  readonly resolve: (receipt: Receipt) => void;
  /** It cost work (A4): kept in the outbox, and never given up while it is valid. */
  readonly isToKeep: boolean;
  readonly patience: Patience;
}

interface Waiting extends Asked {
  readonly prepared: Kept;
  /** When it was sent first, by the monotonic clock, ms. */
  readonly sentMs: number;
  waitMs: number;
  /** Copies that were sent and that no refusal has come for. */
  copies: number;
  /** It was told to come later. */
  isLate: boolean;
  /** How often, those refusals not counted that are waited for in any case. */
  laters: number;
  /** By the wall clock, ms: then its validity is over. */
  readonly validUntilMs: number;
  cancel: (() => void) | undefined;
}

export interface UnansweredOptions {
  readonly link: Pick<SwarmLink, "send">;
  readonly clock: Clock;
  /** Absent: nothing outlives this process. */
  readonly outbox?: Outbox;
}

export class Unanswered {
  readonly #o: UnansweredOptions;
  readonly #waiting = new Map<EnvelopeId, Waiting>();
  readonly #answerTime = new AnswerTime();

  constructor(options: UnansweredOptions) {
    this.#o = options;
  }

  send(prepared: Kept, asked: Asked): void {
    const { clock } = this.#o;
    const { resolve, isToKeep, patience } = asked;
    const waiting: Waiting = {
      resolve,
      isToKeep,
      patience,
      prepared,
      sentMs: clock.monotonicMs(),
      waitMs: this.#firstWaitMs,
      copies: 0,
      isLate: false,
      laters: 0,
      validUntilMs: clock.wallMs() + VALID_MS,
      cancel: undefined,
    };
    this.#waiting.set(prepared.id, waiting);
    this.#resendLater(waiting); // first: a link may answer before it returns
    this.#sendCopy(waiting);
  }

  /** The link was cut, and is there again: what was on it may be lost. */
  sendAgain(): void {
    for (const waiting of this.#waiting.values()) this.#sendCopy(waiting);
  }

  /** A copy found a full mailbox. Room comes by itself, and the resend that is planned finds it. */
  full(envelope: EnvelopeId): void {
    const waiting = this.#waiting.get(envelope);
    if (waiting !== undefined) waiting.copies -= 1;
  }

  receipt(receipt: Receipt): void {
    const waiting = this.#waiting.get(receipt.envelope);
    if (waiting === undefined) return;
    if (!waiting.isLate) this.#answerTime.took(this.#o.clock.monotonicMs() - waiting.sentMs);
    if (receipt.kind === "nack" && this.#comesLater(waiting, receipt)) return;
    this.#answered(waiting, receipt);
  }

  close(): void {
    for (const waiting of this.#waiting.values()) waiting.cancel?.();
    this.#waiting.clear();
  }

  get #firstWaitMs(): number {
    return Math.max(RESEND_MIN_MS, this.#answerTime.lateMs);
  }

  #sendCopy(waiting: Waiting): void {
    waiting.copies += 1;
    this.#o.link.send(waiting.prepared.thread, waiting.prepared.wire);
  }

  #resendLater(waiting: Waiting): void {
    waiting.cancel?.();
    const { waitMs } = waiting;
    waiting.cancel = this.#o.clock.after(waitMs, () => {
      if (waiting.isToKeep && waitMs >= KEPT_FROM_MS) this.#o.outbox?.keep(waiting.prepared);
      this.#resendLater(waiting); // first, as in `send`
      this.#sendCopy(waiting);
    });
    waiting.waitMs = Math.min(waiting.waitMs * 2, RESEND_MAX_MS);
  }

  /**
   * The resend that is planned carries the same bytes; after a silence it is planned anew, soon. An answer
   * that cost work comes again for as long as it is valid: what refuses it is about to pass.
   */
  #comesLater(waiting: Waiting, refusal: Nack): boolean {
    const { isToKeep, prepared, patience } = waiting;
    const { code } = refusal;
    if (REFUSALS[code].retry !== "later") return false;
    const isOpening = prepared.thread === prepared.id;
    if (code === "MAILBOX_FULL" && isOpening && !patience.untilTaken)
      return this.#copyMayCome(waiting, refusal);
    if (!waiting.isLate) {
      waiting.isLate = true;
      waiting.waitMs = this.#firstWaitMs;
      this.#resendLater(waiting);
    }
    if (patience.untilTaken && PASSING.has(code)) return true;
    waiting.laters += 1;
    const isValid = this.#o.clock.wallMs() < waiting.validUntilMs;
    return waiting.laters < LATERS_MAX || (isToKeep && isValid);
  }

  /** U3. A copy that is still on its way may be taken after this one was refused: its answer counts. */
  #copyMayCome(waiting: Waiting, refusal: Nack): boolean {
    waiting.copies -= 1;
    waiting.cancel?.();
    if (waiting.copies <= 0) return false;
    waiting.cancel = this.#o.clock.after(COPY_MS_MAX, () => this.#answered(waiting, refusal));
    return true;
  }

  #answered(waiting: Waiting, receipt: Receipt): void {
    waiting.cancel?.();
    this.#waiting.delete(receipt.envelope);
    this.#o.outbox?.answered(receipt);
    waiting.resolve(receipt);
  }
}
