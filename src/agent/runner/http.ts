/**
 * Http: a service that takes one POST for each call: the JSON object that a program would get on standard
 * input, answered by the same JSON object.
 *
 * H1  A request is repeated only while nothing of an answer has come (retry.ts), and all requests of a call
 *     carry the same `Idempotency-Key`, so that the service can know a repetition.
 * H2  Signs of life are the head and each part of an answer that began with success, and each success of
 *     the health probe. A refusal is none: what stands before a dead service can refuse too.
 * H3  No secret is in a reason or an output, even where the service repeats it.
 */

import { randomUUID } from "node:crypto";
import { parseObject, readAnswer, requestOf } from "./answers.ts";
import { CallEnd } from "./call-end.ts";
import { Gate } from "./gate.ts";
import { Health } from "./health.ts";
import type { RunnerLimits } from "./limits.ts";
import { isBusy, post, readBody } from "./post.ts";
import { failedTry, withRetries, type Try } from "./retry.ts";
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
import { Service } from "./service.ts";
import type { HttpSpec } from "./spec.ts";
import { isQuick, Tally } from "./tally.ts";
import { withoutSecret } from "./wording.ts";

export interface HttpOptions {
  readonly spec: HttpSpec;
  readonly cwd: string;
  readonly limits: RunnerLimits;
}

/** The address with the port that the started service told. */
export const withPort = (url: string, port: number | undefined): string => {
  if (port === undefined) return url;
  const address = new URL(url);
  address.port = String(port);
  return address.href;
};

export const authorization = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

export class HttpRunner implements Runner {
  readonly #options: HttpOptions;
  readonly #work: Gate;
  readonly #quick: Gate;
  readonly #tally = new Tally();
  readonly #closing = new AbortController();
  readonly #open = new Set<Promise<unknown>>();
  readonly #service: Service | undefined;
  readonly #health: Health | undefined;

  constructor(options: HttpOptions) {
    const { spec, cwd, limits } = options;
    this.#options = options;
    this.#work = new Gate(limits.httpCallsMax, limits.queueCallsMax);
    this.#quick = new Gate(limits.quickCallsMax, limits.queueCallsMax);
    this.#service =
      spec.start === undefined ? undefined : new Service({ command: spec.start, cwd, limits });
    const { health } = spec;
    if (health !== undefined)
      this.#health = new Health({
        url: () =>
          this.#service !== undefined && this.#service.port === undefined
            ? undefined
            : withPort(health, this.#service?.port),
        headers: { ...spec.headers, ...authorization(spec.token) },
        limits,
      });
  }

  /** Of the service that the runner started, for people and tests. */
  get pid(): number | undefined {
    return this.#service?.pid;
  }

  async start(): Promise<CallResult<Asks>> {
    const port = await this.#service?.ready(this.#closing.signal);
    if (typeof port === "object") return port;
    return { kind: "ok", value: { bid: false, plan: this.#options.spec.plans } };
  }

  call<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const result = this.#tally.count(this.#queueAndAsk<K>(call, options));
    this.#open.add(result);
    void result.finally(() => this.#open.delete(result));
    return result;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#work.close();
    this.#quick.close();
    await Promise.all(this.#open);
    await this.#service?.close();
  }

  stats(): RunnerStats {
    this.#tally.restarts = this.#service?.restarts ?? 0;
    return this.#tally.read([this.#work, this.#quick]);
  }

  async #queueAndAsk<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const { limits } = this.#options;
    const body = JSON.stringify(requestOf(call));
    if (Buffer.byteLength(body) > limits.requestBytesMax)
      return failed("TOO_LARGE", "the request is above the limit of this runner");
    const gate = isQuick(call) ? this.#quick : this.#work;
    const entry = await gate.enter(options.signal, options.onAlive);
    if (entry.kind === "full") return failed("FULL", "too many calls wait for this service");
    if (entry.kind === "gone") return failed("STOPPED", "the call was stopped while it waited");
    const end = new CallEnd(options, limits, this.#closing.signal);
    const onAlive = (): void => {
      options.onAlive?.();
      gate.alive();
    };
    const unwatch = this.#health?.watch(onAlive);
    try {
      const text = await this.#ask(body, end, onAlive);
      if (text.kind === "failed") return this.#explained(text);
      const parsed = parseObject(text.value);
      if (parsed.kind === "failed") return parsed;
      const answer = readAnswer<K>(call.kind, parsed.value);
      if (answer.kind === "ok") this.#service?.worked();
      return answer;
    } finally {
      unwatch?.();
      end.release();
      entry.leave();
    }
  }

  /** A started service that died leaves its calls with cut connections; why it died says more. */
  #explained(failure: Failure): Failure {
    const why = this.#service?.lastEnd;
    if (why === undefined || failure.code !== "EXIT") return failure;
    return failed("EXIT", `${failure.detail}; ${withoutSecret(why, this.#options.spec.token)}`);
  }

  /** The text of the answer. All tries carry one key (H1). */
  #ask(body: string, end: CallEnd, onAlive: () => void): Promise<CallResult<string>> {
    const { spec, limits } = this.#options;
    const headers = {
      ...spec.headers,
      ...authorization(spec.token),
      "content-type": "application/json",
      accept: "application/json",
      "idempotency-key": randomUUID(),
    };
    const once = async (): Promise<Try<string>> => {
      const port = await this.#service?.ready(end.signal);
      if (typeof port === "object") return failedTry(end.failure ?? port);
      const url = withPort(spec.url, port);
      const { token } = spec;
      const tried = await post({ url, headers, body, end, limits, token, isPassing: isBusy });
      if (tried.kind === "failed-try") return tried;
      onAlive(); // H2
      const chunks: Uint8Array[] = [];
      const read = await readBody(tried.value, {
        end,
        bytesMax: limits.answerBytesMax,
        onChunk: (chunk) => {
          onAlive();
          chunks.push(chunk);
          return "more";
        },
      });
      if (read.kind === "failed") return failedTry(read);
      const text = Buffer.concat(chunks).toString("utf8");
      return { kind: "ok", value: withoutSecret(text, token) }; // H3
    };
    return withRetries(once, { limits, end });
  }
}
