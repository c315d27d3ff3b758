/**
 * Chat: one question to a model behind an OpenAI-compatible address (`POST {base}/chat/completions`).
 *
 * Q1  Asked again only where no token had come: status 429 and 5xx, no connection, a connection that ended
 *     (retry.ts has the bounds).
 * Q2  No request without a reservation for its worst case (B1). It is settled with the server's count, where
 *     that is possible at all; with nothing, where the request was refused; else with the worst case (B3).
 * Q3  An answer ends: by its tokens, its bytes, a stall, or the time of its call.
 */

import { formatCredits } from "#protocol/amount.ts";
import { authorization } from "../runner/http.ts";
import type { CallEnd } from "../runner/call-end.ts";
import type { RunnerLimits } from "../runner/limits.ts";
import { isBusy, post, readBody } from "../runner/post.ts";
import { failedTry, withRetries, type FailedTry, type Try } from "../runner/retry.ts";
import { failed, type CallResult, type Failure } from "../runner/runner.ts";
import { withoutSecret } from "../runner/wording.ts";
import type { OverBudget, Purse, Reservation } from "./budget.ts";
import { EventStream } from "./event-stream.ts";
import type { LlmLimits } from "./limits.ts";
import type { Meter } from "./meter.ts";
import { Reply } from "./reply.ts";
import type { LlmSpec, Micro } from "./spec.ts";
import { costOf, tokensMax, usageOf, type Message } from "./usage.ts";

export interface ChatOptions {
  readonly spec: LlmSpec;
  readonly limits: RunnerLimits;
  readonly llm: LlmLimits;
  /** The address, once what listens there is ready. */
  readonly ready: (end: CallEnd) => Promise<string | Failure>;
}

/** What belongs to one call of the agent. */
export interface ChatCall {
  readonly end: CallEnd;
  readonly purse: Purse;
  readonly meter: Meter;
  readonly onAlive: () => void;
}

export interface Said {
  readonly text: string;
  /** It ran into `maxTokens`. */
  readonly isCut: boolean;
}

/** The worst that one request can cost. */
export const worstOf = (
  messages: readonly Message[],
  { maxTokens, prices }: Pick<LlmSpec, "maxTokens" | "prices">,
): Micro => costOf(tokensMax(messages, maxTokens), prices);

export const chat = async (
  messages: readonly Message[],
  call: ChatCall,
  options: ChatOptions,
): Promise<CallResult<Said>> => {
  const { spec, limits } = options;
  const result = await withRetries(() => once(messages, call, options), {
    limits,
    end: call.end,
  });
  if (result.kind === "failed")
    return failed(result.code, withoutSecret(result.detail, spec.apiKey));
  return {
    kind: "ok",
    value: { ...result.value, text: withoutSecret(result.value.text, spec.apiKey) },
  };
};

const once = async (
  messages: readonly Message[],
  call: ChatCall,
  options: ChatOptions,
): Promise<Try<Said>> => {
  const { spec, limits } = options;
  const { end, purse, meter } = call;
  const address = await options.ready(end);
  if (typeof address !== "string") return failedTry(end.failure ?? address);
  const body = JSON.stringify(bodyOf(messages, spec));
  if (Buffer.byteLength(body) > limits.requestBytesMax)
    return failedTry(failed("TOO_LARGE", "the request is above the limit of this runner"));
  const worst = worstOf(messages, spec);
  const reservation = purse.reserve(worst);
  if (reservation.kind === "not kept")
    return failedTry(failed("ERROR", `what it spends cannot be kept: ${reservation.why}`));
  if (reservation.kind === "over") return failedTry(overBudget(reservation, worst));
  const settle = (cost: Micro): void => {
    reservation.settle(cost);
    meter.paid(cost);
  };
  meter.request();
  const tried = await post({
    url: `${address.replace(/\/+$/, "")}/chat/completions`,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...authorization(spec.apiKey),
    },
    body,
    end,
    limits,
    token: spec.apiKey,
    isPassing: (status) => isBusy(status) || status >= 500, // Q1
  });
  if (tried.kind === "failed-try") {
    const { code } = tried.failure;
    settle(code === "ERROR" || code === "SPAWN" ? 0n : worst); // Q2: refused, or nobody knows
    return tried;
  }
  call.onAlive();
  const reply = new Reply(options.llm.textBytesMax);
  const problem = await read(tried.value, reply, call, options);
  if (problem !== undefined) {
    settle(worst);
    return problem;
  }
  settle(costed(reply, messages, { call, spec, reservation }));
  return { kind: "ok", value: { text: reply.text, isCut: reply.isCut } };
};

const bodyOf = (messages: readonly Message[], spec: LlmSpec): object => ({
  model: spec.model,
  messages,
  [spec.maxTokensField]: spec.maxTokens,
  ...(spec.temperature === undefined ? {} : { temperature: spec.temperature }),
  ...(spec.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
});

const CAPS = { call: "one call", need: "one need", total: "all calls" } as const;

const overBudget = ({ cap, left }: OverBudget, worst: Micro): Failure =>
  failed(
    "ERROR",
    `the budget of ${CAPS[cap]} has ${formatCredits(left)} left; this request can cost ${formatCredits(worst)}`,
  );

/** What a whole answer costs (Q2), counted in the call's meter. */
const costed = (
  reply: Reply,
  messages: readonly Message[],
  of: { readonly call: ChatCall; readonly spec: LlmSpec; readonly reservation: Reservation },
): Micro => {
  const most = tokensMax(messages, of.spec.maxTokens);
  const usage = usageOf(reply.usage, messages, reply.bytes, most);
  of.call.meter.used(usage);
  return usage.from === "reported" ? costOf(usage.tokens, of.spec.prices) : of.reservation.amount;
};

/** Read an answer into `reply`; what is wrong with it, if anything. */
const read = async (
  response: Response,
  reply: Reply,
  { end, meter, onAlive }: ChatCall,
  { llm }: ChatOptions,
): Promise<FailedTry | undefined> => {
  const isStream = !(response.headers.get("content-type") ?? "").includes("application/json");
  const chunks: Uint8Array[] = [];
  const stall = new Stall(llm);
  let isTooLong = false;
  const events = new EventStream(llm.eventCharsMax, (data) => {
    const before = reply.bytes;
    const result = reply.event(data);
    if (reply.bytes > before) {
      meter.token();
      stall.token();
    }
    return result;
  });
  const took = await readBody(response, {
    end,
    bytesMax: llm.wireBytesMax,
    onOpen: (close) => stall.open(close),
    onChunk: (chunk) => {
      onAlive();
      if (!isStream) {
        chunks.push(chunk);
        return "more";
      }
      const result = events.push(chunk);
      isTooLong ||= result === "too long";
      return result === "more" ? "more" : "enough";
    },
  });
  stall.close();
  const again = reply.hasBegun ? undefined : 0; // Q1
  if (took.kind === "failed")
    return failedTry(took, took.code === "EXIT" && chunks.length === 0 ? again : undefined);
  if (isTooLong) return failedTry(failed("TOO_LARGE", "an event of its stream is too large"));
  if (!isStream) reply.whole(Buffer.concat(chunks).toString("utf8"));
  if (reply.failure !== undefined) return failedTry(reply.failure);
  if (reply.isWhole) return undefined;
  if (stall.isOver) return failedTry(failed("TIMEOUT", `no token came for ${stall.waitedMs} ms`));
  return failedTry(failed("EXIT", "its stream ended before the answer did"), again);
};

/** Ends the reading of an answer from which no token comes any more (Q3). */
class Stall {
  readonly #llm: LlmLimits;
  #timer: NodeJS.Timeout | undefined;
  #close: () => void = () => undefined;
  waitedMs = 0;
  isOver = false;

  constructor(llm: LlmLimits) {
    this.#llm = llm;
  }

  open(close: () => void): void {
    this.#close = close;
    this.#wait(this.#llm.firstTokenMs);
  }
  token(): void {
    this.#wait(this.#llm.stallMs);
  }
  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.waitedMs = ms;
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#close();
    }, ms);
  }
}
