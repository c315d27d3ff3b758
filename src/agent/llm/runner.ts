/**
 * A language model as an agent, in this process: work calls go to worker.ts, judge calls to judge.ts. Where
 * there is a budget it bids only for what the budget still covers.
 *
 * Signs of life are the head and each part of an answer, and the health probe (H2 of runner/http.ts).
 */

import { randomBytes } from "node:crypto";
import { CallEnd } from "../runner/call-end.ts";
import { Gate } from "../runner/gate.ts";
import { Health } from "../runner/health.ts";
import { authorization, withPort } from "../runner/http.ts";
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
  type Failure,
  type JudgeCall,
  type Runner,
  type RunnerStats,
  type WorkCall,
} from "../runner/runner.ts";
import { Service } from "../runner/service.ts";
import { Tally } from "../runner/tally.ts";
import { Budget } from "./budget.ts";
import { chat, worstOf, type ChatCall } from "./chat.ts";
import { askJudge } from "./judge.ts";
import type { LlmLimits } from "./limits.ts";
import { Meter } from "./meter.ts";
import { workerPrompt, type PromptOptions } from "./prompt.ts";
import type { LlmSpec } from "./spec.ts";
import { openSpendFile, type SpendFile } from "./spend-file.ts";
import { askWorker, type Say } from "./worker.ts";

export interface LlmOptions {
  readonly spec: LlmSpec;
  readonly cwd: string;
  readonly limits: RunnerLimits;
  readonly llm: LlmLimits;
}

/** Of a boundary: as many as of a key, so nobody guesses it. */
const BOUNDARY_BYTES = 16;

export class LlmRunner implements Runner {
  readonly #options: LlmOptions;
  readonly budget: Budget;
  readonly #spendFile: SpendFile | undefined;
  /** Why it makes no call at all. */
  readonly #unfit: Failure | undefined;
  readonly #gate: Gate;
  readonly #tally = new Tally();
  readonly #closing = new AbortController();
  readonly #open = new Set<Promise<unknown>>();
  readonly #service: Service | undefined;
  readonly #health: Health | undefined;

  constructor(options: LlmOptions) {
    const { spec, cwd, limits, llm } = options;
    this.#options = options;
    try {
      this.#spendFile = spec.spendFile === undefined ? undefined : openSpendFile(spec.spendFile);
    } catch (error) {
      const why = (error as Error).message;
      this.#unfit = failed("SPAWN", `what it has spent cannot be read: ${why}`);
    }
    this.budget = new Budget(spec.caps, this.#spendFile);
    this.#gate = new Gate(llm.callsMax, limits.queueCallsMax);
    this.#service =
      spec.start === undefined ? undefined : new Service({ command: spec.start, cwd, limits });
    const { health } = spec;
    if (health !== undefined)
      this.#health = new Health({
        url: () =>
          this.#service !== undefined && this.#service.port === undefined
            ? undefined
            : withPort(health, this.#service?.port),
        headers: authorization(spec.apiKey),
        limits,
      });
  }

  async start(): Promise<CallResult<Asks>> {
    if (this.#unfit !== undefined) return this.#unfit;
    const port = await this.#service?.ready(this.#closing.signal);
    if (typeof port === "object") return port;
    const isCapped = Object.keys(this.#options.spec.caps).length > 0;
    return { kind: "ok", value: { bid: isCapped, plan: false } };
  }

  call<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const result = this.#tally.count(this.#answer(call, options));
    this.#open.add(result);
    void result.finally(() => this.#open.delete(result));
    return result as Promise<CallResult<Answers[K]>>;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#gate.close();
    await Promise.all(this.#open);
    await this.#service?.close();
    this.#spendFile?.close();
  }

  stats(): RunnerStats {
    this.#tally.restarts = this.#service?.restarts ?? 0;
    return this.#tally.read([this.#gate]);
  }

  async #answer(call: Call, options: CallOptions): Promise<CallResult<Answers[keyof Answers]>> {
    if (this.#unfit !== undefined) return this.#unfit;
    switch (call.kind) {
      case "work":
      case "judge":
        return this.#queueAndAsk(call, options);
      case "bid":
        return { kind: "ok", value: this.#bid(call) };
      case "plan":
        return failed("ERROR", "a model is not asked about plans");
      default:
        return call satisfies never;
    }
  }

  /** A need that the budget does not cover is somebody else's. */
  #bid({ need, input }: BidCall): BidAnswer {
    const { spec } = this.#options;
    const messages = workerPrompt(input ?? null, this.#prompt(need.capability));
    return this.budget.admits(need.id, worstOf(messages, spec)) ? {} : { pass: true };
  }

  #prompt(capability: string): PromptOptions {
    const boundary = randomBytes(BOUNDARY_BYTES).toString("hex");
    return { capability, task: this.#options.spec.task, boundary };
  }

  async #queueAndAsk(
    call: WorkCall | JudgeCall,
    options: CallOptions,
  ): Promise<CallResult<Answers["work" | "judge"]>> {
    const { spec, limits } = this.#options;
    const entry = await this.#gate.enter(options.signal, options.onAlive);
    if (entry.kind === "full") return failed("FULL", "too many calls wait for this model");
    if (entry.kind === "gone") return failed("STOPPED", "the call was stopped while it waited");
    const end = new CallEnd(options, limits, this.#closing.signal);
    const meter = new Meter();
    const onAlive = (): void => {
      options.onAlive?.();
      this.#gate.alive();
    };
    const unwatch = this.#health?.watch(onAlive);
    try {
      const say = this.#say({ end, meter, onAlive, purse: this.budget.purse(call.need.id) });
      const prompt = this.#prompt(call.need.capability);
      const answer =
        call.kind === "work"
          ? await askWorker(call.input, prompt, {
              say,
              telemetry: () => meter.telemetry(spec.model),
            })
          : await askJudge(call, prompt, say);
      if (answer.kind === "ok") this.#service?.worked();
      return answer;
    } finally {
      unwatch?.();
      end.release();
      entry.leave();
    }
  }

  #say(call: ChatCall): Say {
    const { spec, limits, llm } = this.#options;
    const ready = async (end: CallEnd) => {
      const port = await this.#service?.ready(end.signal);
      return typeof port === "object" ? port : withPort(spec.baseUrl, port);
    };
    return (messages) => chat(messages, call, { spec, limits, llm, ready });
  }
}
