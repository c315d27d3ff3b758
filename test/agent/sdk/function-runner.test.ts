import { describe, expect, it } from "vitest";
import { RUNNER_LIMITS } from "#agent/runner/limits.ts";
import type { NeedView } from "#agent/runner/runner.ts";
import { FunctionRunner, type Functions } from "#agent/sdk/function-runner.ts";

const need: NeedView = {
  id: "n",
  key: "k",
  attempt: 1,
  capability: "c",
  requester: "did:r",
  bounty: "1",
  verifyBounty: "0.1",
  tier: "small",
  deadlineMs: 1_000,
};
const runnerOf = (functions: Functions, callsMax = 2): FunctionRunner =>
  new FunctionRunner(functions, { callsMax, limits: RUNNER_LIMITS });
const work = (runner: FunctionRunner, timeoutMs = 1_000, signal?: AbortSignal) =>
  runner.call(
    { kind: "work", need, input: { n: 2 } },
    { timeoutMs, ...(signal === undefined ? {} : { signal }) },
  );

describe("functions as an agent", () => {
  it("are asked with what a program would be told, and answer", async () => {
    const asked: unknown[] = [];
    const runner = runnerOf({
      work: (call) => {
        asked.push(call);
        return { output: { twice: 4 } };
      },
      judge: ({ output }) => ({ verdict: output === 4 ? "pass" : "fail" }),
    });
    expect(await work(runner)).toEqual({ kind: "ok", value: { output: { twice: 4 } } });
    expect(asked).toEqual([{ need, input: { n: 2 } }]);
    const judged = await runner.call(
      { kind: "judge", need, input: 1, output: 4 },
      { timeoutMs: 1_000 },
    );
    expect(judged).toEqual({ kind: "ok", value: { verdict: "pass" } });
  });

  it("say which bids and plans they want to be asked for", async () => {
    const start = (functions: Functions) => runnerOf(functions).start();
    expect(await start({})).toEqual({ kind: "ok", value: { bid: false, plan: false } });
    expect(await start({ bid: () => ({ pass: true }) })).toMatchObject({ value: { bid: true } });
  });

  it.each<[string, Functions["work"], string]>([
    ["throws", () => Promise.reject(new Error("no")), "ERROR"],
    ["returns nothing", (() => undefined) as never, "RUBBISH"],
    ["returns no answer", (() => ({ result: 1 })) as never, "RUBBISH"],
    ["returns what is no JSON", (() => ({ output: 1n })) as never, "ERROR"],
    ["returns too much", () => ({ output: "x".repeat(9 * 1024 * 1024) }), "TOO_LARGE"],
    ["never returns", () => new Promise(() => undefined), "TIMEOUT"],
  ])("one that %s is a failed try", async (_what, run, code) => {
    expect(await work(runnerOf({ work: run! }), 50)).toMatchObject({ kind: "failed", code });
  });

  it("a call that nobody can answer fails by name", async () => {
    expect(await work(runnerOf({}))).toMatchObject({
      code: "ERROR",
      detail: expect.stringContaining("work"),
    });
  });

  it("runs so many at a time, in order, and closing stops those under way and those that wait", async () => {
    const begun: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    const runner = runnerOf({
      work: (_call, { signal }) => {
        signals.push(signal);
        return new Promise((resolve) => begun.push(() => resolve({ output: begun.length })));
      },
    });
    const calls = [work(runner), work(runner), work(runner)];
    await Promise.resolve();
    expect(runner.stats()).toMatchObject({ running: 2, queued: 1 });
    await runner.close();
    expect((await Promise.all(calls)).map((one) => one.kind === "failed" && one.code)).toEqual([
      "STOPPED",
      "STOPPED",
      "STOPPED",
    ]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it("passes its own signs of life on", async () => {
    let lives = 0;
    const runner = runnerOf({
      work: (_call, { alive }) => {
        alive();
        alive();
        return { output: 1 };
      },
    });
    await runner.call(
      { kind: "work", need, input: 1 },
      { timeoutMs: 1_000, onAlive: () => (lives += 1) },
    );
    expect(lives).toBe(3);
  });
});
