/**
 * Runs an agent that is a set of functions of the same process. A function that takes too long is given
 * up, and its signal fires; nothing can stop one that never yields to the event loop.
 */

import { parseObject, readAnswer, requestOf } from "../runner/answers.ts";
import { Gate } from "../runner/gate.ts";
import type { RunnerLimits } from "../runner/limits.ts";
import {
  failed,
  type Answers,
  type Asks,
  type BidAnswer,
  type BidCall,
  type Call,
  type CallOptions,
  type CallResult,
  type JudgeAnswer,
  type JudgeCall,
  type PlanCall,
  type Runner,
  type RunnerStats,
  type WorkAnswer,
  type WorkCall,
} from "../runner/runner.ts";
import { isQuick, Tally } from "../runner/tally.ts";

export interface CallContext {
  /** Fires when the call ran out of time, the lease ended or the agent closes. */
  readonly signal: AbortSignal;
  /** Call it now and then during long work: the lease is kept only while there are signs of life. */
  readonly alive: () => void;
}

type Handler<C, A> = (call: C, context: CallContext) => A | Promise<A>;

/** What an agent can do; throw an error to say that a call failed. */
export interface Functions {
  readonly work?: Handler<Omit<WorkCall, "kind">, WorkAnswer>;
  readonly judge?: Handler<Omit<JudgeCall, "kind">, JudgeAnswer>;
  readonly plan?: Handler<Omit<PlanCall, "kind">, JudgeAnswer>;
  readonly bid?: Handler<Omit<BidCall, "kind">, BidAnswer>;
}

export interface FunctionLimits {
  /** Work and judge calls under way; bids and plans never wait for them. */
  readonly callsMax: number;
  readonly limits: RunnerLimits;
}

export class FunctionRunner implements Runner {
  readonly #functions: Functions;
  readonly #limits: RunnerLimits;
  readonly #work: Gate;
  readonly #quick: Gate;
  readonly #tally = new Tally();
  readonly #closing = new AbortController();

  constructor(functions: Functions, { callsMax, limits }: FunctionLimits) {
    [this.#functions, this.#limits] = [functions, limits];
    this.#work = new Gate(callsMax, limits.queueCallsMax);
    this.#quick = new Gate(limits.quickCallsMax, limits.queueCallsMax);
  }

  start(): Promise<CallResult<Asks>> {
    const { bid, plan } = this.#functions;
    const asks = { bid: bid !== undefined, plan: plan !== undefined };
    return Promise.resolve({ kind: "ok", value: asks });
  }

  call<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    return this.#tally.count(this.#queueAndRun<K>(call, options));
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#work.close();
    this.#quick.close();
    return Promise.resolve();
  }

  stats(): RunnerStats {
    return this.#tally.read([this.#work, this.#quick]);
  }

  async #queueAndRun<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const gate = isQuick(call) ? this.#quick : this.#work;
    const entry = await gate.enter(options.signal, options.onAlive);
    if (entry.kind === "full") return failed("FULL", "too many calls wait for this agent");
    if (entry.kind === "gone") return failed("STOPPED", "the call was stopped while it waited");
    try {
      return await this.#run<K>(call, options);
    } finally {
      entry.leave();
    }
  }

  async #run<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    { timeoutMs, signal, onAlive }: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const run = this.#functions[call.kind] as Handler<unknown, unknown> | undefined;
    if (run === undefined) return failed("ERROR", `the agent has no function "${call.kind}"`);
    const timeMs = Math.min(timeoutMs, this.#limits.callMsMax);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeMs);
    const stops = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const context: CallContext = {
      signal: AbortSignal.any([late.signal, ...stops]),
      alive: () => onAlive?.(),
    };
    onAlive?.();
    try {
      const answered = await Promise.race([
        Promise.resolve(run(requestOf(call), context)),
        aborted(context.signal),
      ]);
      return readText<K>(call.kind, answered, this.#limits.answerBytesMax);
    } catch (error) {
      if (late.signal.aborted) return failed("TIMEOUT", `it gave no answer within ${timeMs} ms`);
      if (context.signal.aborted) return failed("STOPPED", "the call was stopped");
      return failed("ERROR", error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(new Error("the call is over"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });

/** As if it had come from a program: plain JSON, within the limits, of the right shape. */
const readText = <K extends Call["kind"]>(
  kind: K,
  answered: unknown,
  bytesMax: number,
): CallResult<Answers[K]> => {
  const text = JSON.stringify(answered) as string | undefined;
  if (text === undefined) return failed("RUBBISH", `its function "${kind}" returned no object`);
  if (Buffer.byteLength(text) > bytesMax) return failed("TOO_LARGE", "its answer is too large");
  const parsed = parseObject(text);
  return parsed.kind === "ok" ? readAnswer<K>(kind, parsed.value) : parsed;
};
