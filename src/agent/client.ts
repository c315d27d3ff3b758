/**
 * One agent's voice: numbers, signs and sends envelopes, and resolves each with its receipt.
 *
 * A1  Envelopes said in the same moment are signed as one batch.
 * A2  Bytes are signed once; whatever is sent again is the same bytes, so it takes effect once (E6).
 * A3  A nonce is never used twice in a thread: the highest that the swarm has told, and our own, count.
 * A4  An answer that cost work and is not acknowledged soon is in the outbox, where there is one.
 */

import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes, accountThread } from "#envelope/envelope.ts";
import type { Signer } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { AgentVerb, Bodies } from "#protocol/bodies.ts";
import type { Ack, Nack, Notice, Receipt } from "#protocol/notices.ts";
import { REFUSALS, type RefusalCode } from "#protocol/refusals.ts";
import type { Cid, Did, EnvelopeId } from "#protocol/words.ts";
import { AnswerTime } from "./answer-time.ts";
import { isKept, type Kept, type Left, type Outbox } from "./outbox.ts";
import { Recent } from "./recent.ts";

/** Envelopes under one signature. */
export const SIGNED_TOGETHER_MAX = 256;
/** Refusals that whoever says a thing until it is taken waits for. */
const PASSING: ReadonlySet<RefusalCode> = new Set(["MAILBOX_FULL", "PAUSED"]);
/** A copy without an answer is lost by then. */
const COPY_MS_MAX = 5_000;
/** How long an envelope may be acted on after it was signed. */
export const VALID_MS = 10 * 60_000;
/** First and longest wait before the same bytes go again, the first one longer where answers take long. */
export const RESEND_MIN_MS = 200;
export const RESEND_MAX_MS = 5_000;
/** Refusals to come later of one envelope, each twice as long after the one before: 6.2 s in all. */
export const LATERS_MAX = 6;
/** What waits so long for its next resend is kept in the outbox: 1.4 s after it was signed, or some more. */
export const KEPT_FROM_MS = 800;
/** Times that a verb is signed anew, each after twice the wait of the one before: 6.2 s in all. */
export const RESIGNS_MAX = 5;
/**
 * Threads whose nonces are remembered beside the account's own. Those that were neither spoken in nor heard
 * of for the longest time are forgotten: notices tell the highest again.
 */
export const THREADS_REMEMBERED_MAX = 32_768;

export type Prepared = Kept;

export interface Patience {
  /**
   * A crowd (MAILBOX_FULL) and the operator's pause are waited for, however long they last. Otherwise a
   * pause is waited for LATERS_MAX times, and whoever opens a thread is told of a crowd at once.
   */
  readonly untilTaken: boolean;
}
const USUAL: Patience = { untilTaken: false };

interface Unanswered {
  readonly prepared: Prepared;
  readonly resolve: (receipt: Receipt) => void;
  readonly isToKeep: boolean;
  readonly patience: Patience;
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

/** Said in the sender's own account thread. */
export type AccountVerb = "REGISTER" | "TRANSFER" | "STAKE" | "UNSTAKE" | "LIMIT" | "PAUSE";

export interface ClientOptions {
  readonly signer: Signer;
  readonly swarm: string;
  readonly policy: string;
  readonly link: SwarmLink;
  readonly clock: Clock;
  /** Runs `task` at the end of this moment. */
  readonly soon: (task: () => void) => void;
  readonly onNotice: (notice: Notice) => void;
  /** Absent: nothing outlives this process. */
  readonly outbox?: Outbox;
}

export class AgentClient {
  readonly did: Did;
  readonly #options: ClientOptions;
  readonly #account: string;
  /** No notice tells it, so it is never forgotten. */
  #accountNonce = 0;
  readonly #nonces = new Recent<number>(THREADS_REMEMBERED_MAX);
  readonly #unanswered = new Map<EnvelopeId, Unanswered>();
  #queue: {
    bytes: Uint8Array;
    id: EnvelopeId;
    thread: string;
    resolve: (receipt: Receipt) => void;
    isToKeep: boolean;
    patience: Patience;
  }[] = [];
  readonly #answerTime = new AnswerTime();
  /** Signatures made: fewer than envelopes where they were said together. */
  signatures = 0;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.did = options.signer.did;
    this.#account = accountThread(this.did);
    const { link, onNotice } = options;
    link.attach(this.did, {
      receipt: (receipt) => this.#receipt(receipt),
      notice: (notice) => {
        this.#heard(notice.need, notice.nonce);
        onNotice(notice);
      },
      rejected: (envelope, code, detail) => {
        // Room comes by itself, and the resend that is planned finds it.
        if (code !== "MAILBOX_FULL") this.#receipt({ kind: "nack", envelope, code, detail });
        const full = this.#unanswered.get(envelope);
        if (full !== undefined) full.copies -= 1;
      },
      resumed: () => {
        for (const waiting of this.#unanswered.values()) this.#sendCopy(waiting);
      },
    });
  }

  #nonce(thread: string): number {
    return thread === this.#account ? this.#accountNonce : (this.#nonces.get(thread) ?? 0);
  }

  #heard(thread: string, nonce: number): void {
    const highest = Math.max(nonce, this.#nonce(thread));
    if (thread === this.#account) this.#accountNonce = highest;
    else this.#nonces.set(thread, highest);
  }

  /** The account's highest nonce, as `status` tells it, after a restart. */
  resume(thread: string, nonce: number): void {
    this.#heard(thread, nonce);
  }

  /**
   * Say a verb and wait for its receipt. Refusals with `retry: "later"` are tried again, same bytes. What
   * had expired when it came (a clock was wrong, ours or theirs) is signed anew, RESIGNS_MAX times: what
   * was refused never takes effect, so the second one is no repetition.
   */
  async say<V extends AgentVerb>(
    verb: V,
    thread: string | undefined,
    body: Bodies[V],
    refs: readonly Cid[] = [],
    patience = USUAL,
  ): Promise<Receipt> {
    for (let tries = 0; ; tries += 1) {
      if (thread !== undefined && this.#isSpent(thread)) return spent(thread);
      const receipt = await this.#sayOnce(verb, thread, body, refs, patience);
      if (!isNack(receipt) || receipt.code !== "EXPIRED" || tries === RESIGNS_MAX) return receipt;
      await this.#pause(RESEND_MIN_MS * 2 ** tries);
    }
  }

  /** A nonce that leaves no room above it was used or told: nothing more can be said in this thread. */
  #isSpent(thread: string): boolean {
    return this.#nonce(thread) >= Number.MAX_SAFE_INTEGER;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }

  #sayOnce<V extends AgentVerb>(
    verb: V,
    thread: string | undefined,
    body: Bodies[V],
    refs: readonly Cid[],
    patience: Patience,
  ): Promise<Receipt> {
    const prepared = this.#envelope(verb, thread, body, refs);
    return new Promise((resolve) => {
      this.#queue.push({ ...prepared, resolve, isToKeep: isKept(verb), patience });
      if (this.#queue.length === 1) this.#options.soon(() => this.#flush());
    });
  }

  /** Account verbs go to the agent's own account thread. */
  sayAccount<V extends AccountVerb>(verb: V, body: Bodies[V]): Promise<Receipt> {
    return this.say(verb, this.#account, body);
  }

  /** Sign now, send later: whoever must survive a crash stores `wire` first (E6). */
  prepare<V extends AgentVerb>(
    verb: V,
    thread: string | undefined,
    bodies: readonly Bodies[V][],
  ): Prepared[] {
    const made = bodies.map((body) => this.#envelope(verb, thread, body, []));
    const prepared: Prepared[] = [];
    for (let i = 0; i < made.length; i += SIGNED_TOGETHER_MAX) {
      const part = made.slice(i, i + SIGNED_TOGETHER_MAX);
      const signed = signEnvelopes(
        part.map((m) => m.bytes),
        this.#options.signer,
        part.map((m) => m.id),
      );
      for (const [j, one] of signed.entries())
        prepared.push({ id: one.id, thread: part[j]?.thread ?? one.id, wire: encodeSigned(one) });
    }
    return prepared;
  }

  send(prepared: Prepared, patience = USUAL): Promise<Receipt> {
    return new Promise((resolve) => this.#send(prepared, resolve, false, patience));
  }

  /** What an earlier process has said without an answer is said again. To be called before any `say`. */
  resay(left: Left): Promise<Receipt> {
    this.#heard(left.thread, left.nonce);
    return new Promise((resolve) => this.#send(left, resolve, true, USUAL));
  }

  close(): void {
    this.#closed = true;
    this.#options.link.detach(this.did);
    for (const waiting of this.#unanswered.values()) waiting.cancel?.();
    this.#unanswered.clear();
  }

  #envelope(
    verb: string,
    thread: string | undefined,
    body: unknown,
    refs: readonly Cid[],
  ): { bytes: Uint8Array; id: EnvelopeId; thread: string } {
    const nonce = thread === undefined ? 1 : this.#nonce(thread) + 1;
    const sentAtMs = this.#options.clock.wallMs();
    const { bytes, id } = encodeEnvelope({
      v: 1,
      swarm: this.#options.swarm,
      ...(thread === undefined ? {} : { thread }),
      verb,
      from: this.did,
      nonce,
      // Grows within the thread, which is all that its bound is about.
      lamport: nonce,
      sentAtMs,
      expiresAtMs: sentAtMs + VALID_MS,
      policy: this.#options.policy,
      body,
      refs: [...refs],
    });
    this.#heard(thread ?? id, nonce);
    return { bytes, id, thread: thread ?? id };
  }

  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    if (this.#closed) return;
    for (let i = 0; i < queue.length; i += SIGNED_TOGETHER_MAX) {
      const part = queue.slice(i, i + SIGNED_TOGETHER_MAX);
      this.signatures += 1;
      const signed = signEnvelopes(
        part.map((p) => p.bytes),
        this.#options.signer,
        part.map((p) => p.id),
      );
      for (const [j, one] of signed.entries()) {
        const { thread, resolve, isToKeep, patience } = part[j] as (typeof part)[number];
        this.#send({ id: one.id, thread, wire: encodeSigned(one) }, resolve, isToKeep, patience);
      }
    }
  }

  #send(
    prepared: Prepared,
    resolve: (receipt: Receipt) => void,
    isToKeep: boolean,
    patience: Patience,
  ): void {
    const waiting: Unanswered = {
      prepared,
      resolve,
      isToKeep,
      patience,
      sentMs: this.#options.clock.monotonicMs(),
      waitMs: this.#firstWaitMs,
      copies: 0,
      isLate: false,
      laters: 0,
      validUntilMs: this.#options.clock.wallMs() + VALID_MS,
      cancel: undefined,
    };
    this.#unanswered.set(prepared.id, waiting);
    this.#resendLater(waiting); // first: a link may answer before it returns
    this.#sendCopy(waiting);
  }

  #sendCopy(waiting: Unanswered): void {
    waiting.copies += 1;
    this.#options.link.send(waiting.prepared.thread, waiting.prepared.wire);
  }

  get #firstWaitMs(): number {
    return Math.max(RESEND_MIN_MS, this.#answerTime.lateMs);
  }

  #resendLater(waiting: Unanswered): void {
    waiting.cancel?.();
    const { waitMs } = waiting;
    waiting.cancel = this.#options.clock.after(waitMs, () => {
      if (waiting.isToKeep && waitMs >= KEPT_FROM_MS) this.#options.outbox?.keep(waiting.prepared);
      this.#sendCopy(waiting);
      this.#resendLater(waiting);
    });
    waiting.waitMs = Math.min(waiting.waitMs * 2, RESEND_MAX_MS);
  }

  /**
   * The resend that is planned carries the same bytes; after a silence it is planned anew, soon. An answer
   * that cost work comes again for as long as it is valid: what refuses it is about to pass.
   */
  #comesLater(waiting: Unanswered, refusal: Nack): boolean {
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
    const isValid = this.#options.clock.wallMs() < waiting.validUntilMs;
    return waiting.laters < LATERS_MAX || (isToKeep && isValid);
  }

  /** A copy that is still on its way may be taken after this one was refused: its answer counts. */
  #copyMayCome(waiting: Unanswered, refusal: Nack): boolean {
    waiting.copies -= 1;
    waiting.cancel?.();
    if (waiting.copies <= 0) return false;
    const tell = (): void => this.#answered(waiting, refusal);
    waiting.cancel = this.#options.clock.after(COPY_MS_MAX, tell);
    return true;
  }

  #receipt(receipt: Receipt): void {
    const waiting = this.#unanswered.get(receipt.envelope);
    if (waiting === undefined) return;
    if (!waiting.isLate) this.#answerTime.took(this.#options.clock.monotonicMs() - waiting.sentMs);
    if (!isNack(receipt) || !this.#comesLater(waiting, receipt)) this.#answered(waiting, receipt);
  }

  #answered(waiting: Unanswered, receipt: Receipt): void {
    waiting.cancel?.();
    this.#unanswered.delete(receipt.envelope);
    this.#options.outbox?.answered(receipt);
    waiting.resolve(receipt);
  }
}

/** What the swarm would say of any nonce below the last one. */
const spent = (thread: string): Nack => ({
  kind: "nack",
  envelope: thread,
  code: "NONCE_OLD",
  detail: "the last nonce of this thread has been used",
});

export const isAck = (receipt: Receipt): receipt is Ack => receipt.kind === "ack";
export const isNack = (receipt: Receipt): receipt is Nack => receipt.kind === "nack";

/** The block of a value: its canonical bytes and their CID. */
export const blockOf = (value: unknown): { bytes: Uint8Array; cid: Cid } => {
  const bytes = encode(value);
  return { bytes, cid: cidOf(bytes) };
};
