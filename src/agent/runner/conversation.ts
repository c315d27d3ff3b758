/**
 * Conversation: many calls at a time with one peer, over texts that are JSON objects with an `id` both
 * ways: `{"id": 7, …}` is answered by `{"id": 7, …}`, in any order; `{"ping": 3}` by `{"pong": 3}`.
 *
 * C1  An answer counts for the call that waits under its id. An id never given out, or text that is no
 *     JSON object, means that the stream cannot be trusted: everything in flight fails, the peer is
 *     replaced. A malformed answer to a known id fails that call only.
 * C2  Answers to calls that are over (late, repeated) are dropped, a limited number in a row.
 * C3  A frozen peer is left alone while its calls have time: when it wakes, its answers count. It is
 *     replaced once a call ran out of time and a ping stays unanswered for two pulses.
 * C4  A replacement waits, twice as long after each failure in a row; a good answer ends the row.
 * C5  Life that was shown is passed on at the next pulse, or when the last call under way ends: pulses
 *     stop then, and calls may still wait.
 */

import { setTimeout as wait } from "node:timers/promises";
import { isObject, parseObject, readAnswer, requestOf } from "./answers.ts";
import { Gate } from "./gate.ts";
import type { RunnerLimits } from "./limits.ts";
import type { Peer, StartPeer } from "./peer.ts";
import {
  failed,
  type Answers,
  type Asks,
  type Call,
  type CallOptions,
  type CallResult,
  type Failure,
  type Runner,
  type RunnerStats,
} from "./runner.ts";
import { isQuick, Tally } from "./tally.ts";

export interface ConversationOptions {
  readonly startPeer: StartPeer;
  /** Work and judge calls in flight. */
  readonly callsMax: number;
  readonly limits: RunnerLimits;
}

interface Pending {
  readonly settle: (answer: CallResult<Readonly<Record<string, unknown>>>) => void;
  readonly onAlive: (() => void) | undefined;
}

/** Unanswered for this many pulses, a ping of a suspected peer says that it hangs. */
const HUNG_PULSES = 2;

export class ConversationRunner implements Runner {
  readonly #options: ConversationOptions;
  readonly #work: Gate;
  readonly #quick: Gate;
  readonly #tally = new Tally();
  readonly #closing = new AbortController();
  readonly #pending = new Map<number, Pending>();
  #peer: Peer | undefined;
  #starting: Promise<Peer | Failure> | undefined;
  /** Peers that were let go and may still be dying. */
  readonly #leaving = new Set<Promise<void>>();
  #starts = 0;
  #failuresInRow = 0;
  #notBeforeMs = 0;
  #lastId = 0;
  #strays = 0;
  #pulse: NodeJS.Timeout | undefined;
  #lastPing = 0;
  #pingPulses = 0; // pulses since the open ping was sent; 0: none is open
  #showedLife = false;
  #suspected = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { quickCallsMax, queueCallsMax } = options.limits;
    this.#work = new Gate(options.callsMax, queueCallsMax);
    this.#quick = new Gate(quickCallsMax, queueCallsMax);
  }

  /** Of the process that runs now, for people and tests. */
  get pid(): number | undefined {
    return this.#peer?.pid;
  }

  async start(): Promise<CallResult<Asks>> {
    const peer = await this.#ready(undefined);
    return "kind" in peer ? peer : { kind: "ok", value: peer.asks };
  }

  call<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    return this.#tally.count(this.#queueAndAsk<K>(call, options));
  }

  stats(): RunnerStats {
    return this.#tally.read([this.#work, this.#quick]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#work.close();
    this.#quick.close();
    await this.#starting?.catch(() => undefined);
    const peer = this.#peer;
    const idle = this.#pending.size === 0;
    this.#failAll(failed("STOPPED", "the runner was closed"));
    this.#stopPulse();
    if (peer !== undefined) {
      if (idle) peer.end();
      else peer.kill();
      const grace = new AbortController();
      await Promise.race([
        peer.gone,
        wait(this.#options.limits.closeMs, undefined, { signal: grace.signal }).catch(() => {}),
      ]);
      grace.abort();
      peer.kill();
      await peer.gone;
    }
    await Promise.all(this.#leaving);
  }

  async #queueAndAsk<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const gate = isQuick(call) ? this.#quick : this.#work;
    const entry = await gate.enter(options.signal, options.onAlive);
    if (entry.kind === "full") return failed("FULL", "too many calls wait for this program");
    if (entry.kind === "gone") return failed("STOPPED", "the call was stopped while it waited");
    try {
      const peer = await this.#ready(options.signal);
      if ("kind" in peer) return peer;
      const answer = await this.#ask(peer, call, options);
      if (answer.kind === "failed") return answer;
      const read = readAnswer<K>(call.kind, answer.value);
      if (read.kind === "ok" || read.code === "ERROR") this.#failuresInRow = 0; // C4
      return read;
    } finally {
      entry.leave();
    }
  }

  /* ------------------------------------------------------------- the peer */

  /** The running peer, or a new one, not before its time. */
  async #ready(signal: AbortSignal | undefined): Promise<Peer | Failure> {
    while (this.#peer === undefined) {
      if (this.#closing.signal.aborted) return failed("STOPPED", "the runner was closed");
      const delayMs = this.#notBeforeMs - performance.now();
      if (delayMs > 0) {
        const stop = signal === undefined ? [] : [signal];
        const either = AbortSignal.any([this.#closing.signal, ...stop]);
        const stopped = await wait(delayMs, false, { signal: either }).catch(() => true);
        if (stopped) return failed("STOPPED", "the call was stopped while its program restarted");
        continue;
      }
      this.#starting ??= this.#startPeer().finally(() => (this.#starting = undefined));
      const started = await this.#starting;
      if ("kind" in started) return started;
      // A peer that died at once has been taken away again; its callers try the next one.
    }
    return this.#peer;
  }

  async #startPeer(): Promise<Peer | Failure> {
    let current = true;
    let gone: Failure | undefined;
    const peer = await this.#options.startPeer({
      onText: (text) => {
        if (current && this.#peer !== undefined) this.#hear(text); // before that nothing was asked
      },
      onGone: (why) => {
        gone = why;
        if (current && this.#peer !== undefined) this.#replace(why);
        current = false;
      },
    });
    this.#tally.restarts = this.#starts;
    this.#starts += 1;
    if ("kind" in peer || gone !== undefined) {
      this.#backOff();
      return "kind" in peer ? peer : gone!;
    }
    this.#drop = () => {
      current = false;
      peer.kill();
      const leaving = peer.gone.finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    };
    this.#peer = peer;
    return peer;
  }

  #drop: () => void = () => undefined;

  #backOff(): void {
    const { backoffMs, backoffMsMax } = this.#options.limits;
    const delayMs = Math.min(backoffMsMax, backoffMs * 2 ** this.#failuresInRow);
    this.#failuresInRow += 1;
    this.#notBeforeMs = performance.now() + delayMs;
  }

  #replace(why: Failure): void {
    this.#drop();
    this.#peer = undefined;
    this.#strays = 0;
    this.#stopPulse();
    this.#backOff();
    this.#failAll(why);
  }

  #failAll(why: Failure): void {
    for (const pending of this.#pending.values()) pending.settle(why);
  }

  /* ------------------------------------------------------- asking, hearing */

  #ask(
    peer: Peer,
    call: Call,
    options: CallOptions,
  ): Promise<CallResult<Readonly<Record<string, unknown>>>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const text = JSON.stringify({ id, ...requestOf(call) });
    if (Buffer.byteLength(text) > this.#options.limits.requestBytesMax)
      return Promise.resolve(failed("TOO_LARGE", "the request is above the limit of this runner"));
    if (this.#closing.signal.aborted || options.signal?.aborted)
      return Promise.resolve(failed("STOPPED", "the call was stopped"));
    const timeoutMs = Math.min(options.timeoutMs, this.#options.limits.callMsMax);
    return new Promise((resolve) => {
      const abort = (): void => settle(failed("STOPPED", "the call was stopped"));
      const deadline = setTimeout(() => {
        this.#suspect();
        settle(failed("TIMEOUT", `it gave no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      const settle: Pending["settle"] = (answer) => {
        clearTimeout(deadline);
        options.signal?.removeEventListener("abort", abort);
        this.#pending.delete(id);
        if (this.#pending.size === 0) this.#passLifeOn(); // C5
        if (this.#pending.size === 0 && !this.#suspected) this.#stopPulse();
        resolve(answer);
      };
      this.#pending.set(id, { settle, onAlive: options.onAlive });
      options.signal?.addEventListener("abort", abort, { once: true });
      this.#pulse ??= setInterval(() => this.#beat(), this.#options.limits.pulseMs);
      peer.send(text);
    });
  }

  #hear(text: string): void {
    const parsed = parseObject(text);
    if (parsed.kind === "failed") return this.#replace(parsed); // C1
    const { id, pong, ...answer } = parsed.value;
    this.#suspected = false;
    this.#showedLife = true;
    if (pong !== undefined) {
      if (this.#pingPulses === 0 || pong !== this.#lastPing) return this.#stray();
      this.#pingPulses = 0;
      return;
    }
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1 || id > this.#lastId)
      return this.#replace(failed("RUBBISH", "it answered a call that was never made"));
    const pending = this.#pending.get(id);
    if (pending === undefined) return this.#stray();
    this.#strays = 0;
    pending.settle({ kind: "ok", value: isObject(answer) ? answer : {} });
  }

  #stray(): void {
    this.#strays += 1;
    if (this.#strays > this.#options.limits.strayLinesMax)
      // C2
      this.#replace(failed("RUBBISH", "it printed too many lines that answer nothing"));
  }

  /* --------------------------------------------------------- signs of life */

  /** One pulse: pass on the life shown since the last one (C5), and ask for the next. */
  #beat(): void {
    this.#passLifeOn();
    if (this.#pingPulses > 0) {
      this.#pingPulses += 1;
      if (this.#suspected && this.#pingPulses > HUNG_PULSES)
        this.#replace(failed("HUNG", "it shows no sign of life")); // C3
      return;
    }
    if (this.#pending.size === 0 && !this.#suspected) return this.#stopPulse();
    this.#lastPing += 1;
    this.#pingPulses = 1;
    this.#peer?.send(JSON.stringify({ ping: this.#lastPing }));
  }

  #passLifeOn(): void {
    if (!this.#showedLife) return;
    this.#showedLife = false;
    for (const pending of this.#pending.values()) pending.onAlive?.();
    this.#work.alive();
    this.#quick.alive();
  }

  /** A call ran out of time: from now on the peer must answer pings or go. */
  #suspect(): void {
    this.#suspected = true;
  }

  #stopPulse(): void {
    clearInterval(this.#pulse);
    this.#pulse = undefined;
    this.#pingPulses = 0;
    this.#showedLife = false;
    this.#suspected = false;
  }
}
