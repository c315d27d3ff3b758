/**
 * One agent's voice: numbers, signs and sends envelopes, and resolves each with its receipt.
 *
 * A1  Envelopes said in the same moment are signed as one batch.
 * A2  Bytes are signed once; whatever is sent again is the same bytes, so it takes effect once (E6).
 * A3  A nonce is never used twice in a thread: the highest that the swarm has told, and our own, count.
 * A4  What is said is sent until it has its receipt (unanswered.ts).
 */

import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes, accountThread } from "#envelope/envelope.ts";
import type { Signer } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { AgentVerb, Bodies } from "#protocol/bodies.ts";
import type { Ack, Nack, Notice, Receipt } from "#protocol/notices.ts";
import type { Cid, Did, EnvelopeId } from "#protocol/words.ts";
import { isKept, type Kept, type Left, type Outbox } from "./outbox.ts";
import { Recent } from "./recent.ts";
import {
  RESEND_MIN_MS,
  Unanswered,
  USUAL,
  VALID_MS,
  type Asked,
  type Patience,
} from "./unanswered.ts";

/** Envelopes under one signature. */
export const SIGNED_TOGETHER_MAX = 256;
/** Times that a verb is signed anew, each after twice the wait of the one before: 6.2 s in all. */
export const RESIGNS_MAX = 5;
/**
 * Threads whose nonces are remembered beside the account's own. Those that were neither spoken in nor heard
 * of for the longest time are forgotten: notices tell the highest again.
 */
export const THREADS_REMEMBERED_MAX = 32_768;

export type Prepared = Kept;

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
  readonly #unanswered: Unanswered;
  #queue: (Asked & { bytes: Uint8Array; id: EnvelopeId; thread: string })[] = [];
  /** Signatures made: fewer than envelopes where they were said together. */
  signatures = 0;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.did = options.signer.did;
    this.#account = accountThread(this.did);
    const { link, onNotice } = options;
    this.#unanswered = new Unanswered(options);
    link.attach(this.did, {
      receipt: (receipt) => this.#unanswered.receipt(receipt),
      notice: (notice) => {
        this.#heard(notice.need, notice.nonce);
        onNotice(notice);
      },
      rejected: (envelope, code, detail) => {
        if (code === "MAILBOX_FULL") this.#unanswered.full(envelope);
        else this.#unanswered.receipt({ kind: "nack", envelope, code, detail });
      },
      resumed: () => this.#unanswered.sendAgain(),
    });
  }

  #nonce(thread: string): number {
    return thread === this.#account ? this.#accountNonce : (this.#nonces.get(thread) ?? 0);
  }

  #heard(thread: string, nonce: number): void {
    // Most needs are told of before anything was said of them: no look-up is needed to know that.
    if (nonce === 0 || nonce <= this.#nonce(thread)) return;
    if (thread === this.#account) this.#accountNonce = nonce;
    else this.#nonces.set(thread, nonce);
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
    return new Promise((resolve) =>
      this.#unanswered.send(prepared, { resolve, isToKeep: false, patience }),
    );
  }

  /** What an earlier process has said without an answer is said again. To be called before any `say`. */
  resay(left: Left): Promise<Receipt> {
    this.#heard(left.thread, left.nonce);
    return new Promise((resolve) =>
      this.#unanswered.send(left, { resolve, isToKeep: true, patience: USUAL }),
    );
  }

  close(): void {
    this.#closed = true;
    this.#options.link.detach(this.did);
    this.#unanswered.close();
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
        const asked = part[j] as (typeof part)[number];
        const { thread } = asked;
        this.#unanswered.send({ id: one.id, thread, wire: encodeSigned(one) }, asked);
      }
    }
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
