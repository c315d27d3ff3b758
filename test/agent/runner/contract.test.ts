/** What every runner owes its caller (R1, R2, R4 of runner.ts), whatever it runs. */

import { afterEach, describe, expect, test } from "vitest";
import { createRunner } from "#agent/runner/create.ts";
import type { RunnerLimits } from "#agent/runner/limits.ts";
import type { Failure, Runner } from "#agent/runner/runner.ts";
import type { RunSpec } from "#agent/runner/spec.ts";
import { AMPLE_MS, FIXTURES, judge, work } from "./calls.ts";
import { until } from "./until.ts";

const ample = { timeoutMs: AMPLE_MS };
const node = process.execPath;

interface Kind {
  readonly spec: RunSpec;
  /** How the input says to fail politely, to answer something else, and never to answer. */
  readonly error: string;
  readonly malformed: string;
  readonly hang: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  exec: {
    spec: { kind: "exec", command: [node, "once.mjs"], mode: "once", plans: false },
    error: "error",
    malformed: "noOutput",
    hang: "hang",
  },
  lines: {
    spec: { kind: "exec", command: [node, "lines.mjs"], mode: "lines", plans: false },
    error: "error",
    malformed: "malformed",
    hang: "hold",
  },
  module: {
    spec: { kind: "module", path: `${FIXTURES}/agent.ts` },
    error: "throws",
    malformed: "malformed",
    hang: "never",
  },
  http: {
    spec: {
      kind: "http",
      url: "http://127.0.0.1:0/",
      headers: {},
      plans: false,
      start: [node, "service.mjs"],
    },
    error: "error",
    malformed: "malformed",
    hang: "hang",
  },
};

const opened: Runner[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runner) => runner.close()));
});

describe.each(Object.entries(KINDS))("a runner of %s", (_, { spec, error, malformed, hang }) => {
  const open = (limits: Partial<RunnerLimits> = {}): Runner => {
    const one = { execCallsMax: 1, linesCallsMax: 1, moduleCallsMax: 1, httpCallsMax: 1 };
    const runner = createRunner(spec, {
      cwd: FIXTURES,
      limits: { ...one, backoffMs: 1, retryMs: 1, ...limits },
    });
    opened.push(runner);
    return runner;
  };
  const echo = (runner: Runner, value: unknown) => runner.call(work("echo", { value }), ample);

  test("gives each call its own result", async () => {
    const runner = open();
    const results = await Promise.all([1, 2, 3].map((value) => echo(runner, value)));
    expect(results.map((one) => one.kind === "ok" && one.value.output)).toEqual([1, 2, 3]);
    expect(await runner.call(judge({ behave: "judge", value: 4 }, 5), ample)).toMatchObject({
      value: { verdict: "fail" },
    });
    expect(runner.stats()).toMatchObject({ calls: 4, ok: 4, failed: {}, running: 0, queued: 0 });
  });

  test("resolves with what went wrong, and the next call works", async () => {
    const runner = open();
    expect(await runner.call(work(error), ample)).toMatchObject({ kind: "failed", code: "ERROR" });
    expect(await runner.call(work(malformed), ample)).toMatchObject({ code: "RUBBISH" });
    expect(await echo(runner, 1)).toMatchObject({ value: { output: 1 } });
    expect(runner.stats().failed).toEqual({ ERROR: 1, RUBBISH: 1 });
  });

  test("ends a call that takes too long", async () => {
    const runner = open();
    await runner.start();
    expect(await runner.call(work(hang), { timeoutMs: 50 })).toMatchObject({ code: "TIMEOUT" });
    expect(await echo(runner, 1)).toMatchObject({ kind: "ok" });
  });

  test("does not count the time in the queue", async () => {
    const runner = open();
    await runner.start();
    let startedAt = 0;
    const queuedAt = performance.now();
    const [first, second] = await Promise.all([
      runner.call(work(hang), { timeoutMs: 400 }),
      runner.call(work(hang), {
        get timeoutMs() {
          startedAt = performance.now();
          return 50;
        },
      }),
    ]);
    expect([first, second]).toMatchObject([{ code: "TIMEOUT" }, { code: "TIMEOUT" }]);
    expect((second as Failure).detail).toContain("within 50 ms");
    expect(startedAt - queuedAt).toBeGreaterThan(390);
  });

  test("lets go of aborted calls, running or waiting", async () => {
    const runner = open();
    await runner.start();
    const stop = new AbortController();
    const options = { ...ample, signal: stop.signal };
    const calls = [1, 2].map(() => runner.call(work(hang), options));
    await until(() => runner.stats().running === 1 && runner.stats().queued === 1, 5_000);
    stop.abort();
    expect(await Promise.all(calls)).toMatchObject([{ code: "STOPPED" }, { code: "STOPPED" }]);
    expect(await runner.call(work("echo"), options)).toMatchObject({ code: "STOPPED" });
  });

  test("refuses the one call too many", async () => {
    const runner = open({ queueCallsMax: 1 });
    const calls = [1, 2, 3].map(() => runner.call(work(hang), ample));
    expect(await calls[2]).toMatchObject({ code: "FULL" });
    await runner.close();
    expect(await Promise.all(calls.slice(0, 2))).toMatchObject([
      { code: "STOPPED" },
      { code: "STOPPED" },
    ]);
  });

  test("can be closed twice, and makes no call afterwards", async () => {
    const runner = open();
    await echo(runner, 1);
    await Promise.all([runner.close(), runner.close()]);
    await runner.close();
    expect(await echo(runner, 2)).toMatchObject({ code: "STOPPED" });
  });
});
