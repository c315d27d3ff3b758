/** The program of a simulated agent: it squares whole numbers, or judges that somebody did. */

import type { Clock } from "#ports/clock.ts";
import {
  failed,
  type Answers,
  type Call,
  type CallOptions,
  type CallResult,
  type Runner,
} from "#agent/runner/runner.ts";
import type { Behaviour } from "../plan/plan.ts";
import type { Prng } from "../kernel/prng.ts";

/** How often a program that may be wrong or fail is, in parts per million. */
const WRONG_PPM = 500_000;
const FAIL_PPM = 400_000;
/** A slow program takes so many times as long. */
const SLOW_FACTOR = 40;
/** While it runs it shows that it is alive this often, ms. */
const ALIVE_MS = 1_000;
/** What a lying worker adds: a friend who knows it can tell. */
const LIE = 1;

export interface ProgramOptions {
  readonly clock: Clock;
  readonly chance: Prng;
  readonly behaviour: Behaviour;
  readonly callMs: readonly [number, number];
}

/** A large input is a map with the number in it. */
export const squareOf = (input: unknown): number => {
  const isMap = typeof input === "object" && input !== null && "number" in input;
  return Number(isMap ? input.number : input) ** 2;
};

export const createProgram = ({ clock, chance, behaviour, callMs }: ProgramOptions): Runner => {
  let calls = 0;
  const answerTo = (call: Call): CallResult<Answers[Call["kind"]]> => {
    if (behaviour === "failing" && chance.chance(FAIL_PPM))
      return failed(chance.pick(["EXIT", "TIMEOUT", "RUBBISH", "ERROR"] as const), "simulated");
    switch (call.kind) {
      case "work": {
        const isWrong =
          (behaviour === "lying" || behaviour === "colluding") && chance.chance(WRONG_PPM);
        return { kind: "ok", value: { output: squareOf(call.input) + (isWrong ? LIE : 0) } };
      }
      case "judge": {
        const isRight = call.output === squareOf(call.input);
        const passes =
          behaviour === "lazy" ||
          (behaviour === "colluding" && call.output === squareOf(call.input) + LIE) ||
          (isRight && behaviour !== "contrary");
        return { kind: "ok", value: { verdict: passes ? "pass" : "fail" } };
      }
      case "plan":
        return { kind: "ok", value: { verdict: behaviour === "contrary" ? "fail" : "pass" } };
      case "bid":
        return { kind: "ok", value: {} };
      default:
        return call satisfies never;
    }
  };
  const call: Runner["call"] = <K extends Call["kind"]>(
    asked: Extract<Call, { kind: K }>,
    { onAlive, timeoutMs }: CallOptions,
  ): Promise<CallResult<Answers[K]>> => {
    calls += 1;
    const isStalled = behaviour === "stalling" && (asked.kind === "work" || asked.kind === "judge");
    const drawnMs = chance.between(...callMs) * (behaviour === "slow" ? SLOW_FACTOR : 1);
    const ownMs = isStalled ? Infinity : drawnMs;
    const result =
      ownMs > timeoutMs
        ? failed("TIMEOUT", "simulated")
        : (answerTo(asked) as CallResult<Answers[K]>);
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const live = (): void => {
        onAlive?.();
        cancel = clock.after(ALIVE_MS, live);
      };
      live();
      clock.after(Math.min(ownMs, timeoutMs), () => {
        cancel();
        resolve(result);
      });
    });
  };
  return {
    start: () => Promise.resolve({ kind: "ok", value: { bid: false, plan: false } }),
    call,
    close: () => Promise.resolve(),
    stats: () => ({ calls, ok: calls, failed: {}, running: 0, queued: 0, restarts: 0 }),
  };
};
