/**
 * What is said to a program and what it may answer, the same for all ways to run one:
 *
 *   work   {"need", "input"}                           → {"output", "telemetry"?}
 *   judge  {"need", "input", "output", "telemetry"?}   → {"verdict": "pass"|"fail"|"abstain", "reason"?}
 *   plan   {"phase": "plan", "need", "bid"}            → {"verdict", "reason"?}
 *   bid    {"phase": "bid", "need", "input"?}          → {"price"?, "etaMs"?} or {"pass": true}
 *   any                                                → {"error": "why"}
 */

import { unfit } from "./plain-value.ts";
import {
  failed,
  type Answers,
  type BidAnswer,
  type Call,
  type CallResult,
  type JudgeAnswer,
  type Telemetry,
  type WorkAnswer,
} from "./runner.ts";
import { sampleOf, tailOf } from "./wording.ts";

/** Characters of a reason that are kept. */
export const REASON_CHARS_MAX = 500;
/** A decimal string of credits, at most 6 places (micro-credits). */
const CREDITS = /^(0|[1-9]\d{0,12})(\.\d{1,6})?$/;

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const requestOf = (call: Call): JsonObject => {
  switch (call.kind) {
    case "work":
      return { need: call.need, input: call.input };
    case "judge":
      return {
        need: call.need,
        input: call.input,
        output: call.output,
        ...(call.telemetry === undefined ? {} : { telemetry: call.telemetry }),
      };
    case "plan":
      return { phase: "plan", need: call.need, bid: call.bid };
    case "bid":
      return {
        phase: "bid",
        need: call.need,
        ...(call.input === undefined ? {} : { input: call.input }),
      };
  }
};

const rubbish = (why: string): CallResult<never> => failed("RUBBISH", `its answer ${why}`);

const readWork = (answer: JsonObject): CallResult<WorkAnswer> => {
  const { output, telemetry } = answer;
  if (output === undefined) return rubbish('has no "output"');
  if (telemetry !== undefined && !isObject(telemetry))
    return rubbish('has a "telemetry" that is no object');
  const value =
    telemetry === undefined ? { output } : { output, telemetry: telemetry as Telemetry };
  return { kind: "ok", value };
};

const readVerdict = (answer: JsonObject): CallResult<JudgeAnswer> => {
  const { verdict, reason } = answer;
  if (verdict !== "pass" && verdict !== "fail" && verdict !== "abstain")
    return rubbish('has no "verdict" of "pass", "fail" or "abstain"');
  if (reason === undefined) return { kind: "ok", value: { verdict } };
  if (typeof reason !== "string") return rubbish('has a "reason" that is no text');
  return {
    kind: "ok",
    value: { verdict, reason: reason.slice(0, REASON_CHARS_MAX).toWellFormed() },
  };
};

const readBid = (answer: JsonObject): CallResult<BidAnswer> => {
  const { pass, price, etaMs } = answer;
  if (pass === true) return { kind: "ok", value: { pass } };
  if (price !== undefined && (typeof price !== "string" || !CREDITS.test(price)))
    return rubbish('has a "price" that is no decimal string with at most 6 places');
  if (etaMs !== undefined && (!Number.isSafeInteger(etaMs) || (etaMs as number) < 1))
    return rubbish('has an "etaMs" that is no whole number of milliseconds above 0');
  return {
    kind: "ok",
    value: {
      ...(price === undefined ? {} : { price }),
      ...(etaMs === undefined ? {} : { etaMs: etaMs as number }),
    },
  };
};

/** Read one answer of a program. Everything it may not say is a RUBBISH failure with the reason. */
export const readAnswer = <K extends Call["kind"]>(
  kind: K,
  answer: unknown,
): CallResult<Answers[K]> => {
  if (!isObject(answer)) return rubbish("is no JSON object");
  if (typeof answer["error"] === "string")
    return failed("ERROR", tailOf(answer["error"]) || "it gave no reason");
  const why = unfit(answer);
  if (why !== undefined) return rubbish(why);
  const read = { work: readWork, judge: readVerdict, plan: readVerdict, bid: readBid }[kind];
  return read(answer) as CallResult<Answers[K]>;
};

/** Parse a text that must be one JSON object. */
export const parseObject = (text: string): CallResult<JsonObject> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failed(
      "RUBBISH",
      text.trim() === ""
        ? "it printed no answer"
        : `it printed ${sampleOf(text)}, which is no JSON`,
    );
  }
  return isObject(value)
    ? { kind: "ok", value }
    : failed("RUBBISH", `it printed ${sampleOf(text)}, which is no JSON object`);
};
