import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRunner } from "#agent/runner/create.ts";
import type { RunnerLimits } from "#agent/runner/limits.ts";
import type { Runner } from "#agent/runner/runner.ts";
import { AMPLE_MS, FIXTURES, closeAll, judge, need, scriptRunner, work } from "./calls.ts";
import { processesWith, until } from "./until.ts";

let tag: string;
let folder: string;
const once = (limits: Partial<RunnerLimits> = {}, ...flags: string[]): Runner =>
  scriptRunner("once", [tag, ...flags], limits);

const ample = { timeoutMs: AMPLE_MS };

beforeEach(() => {
  tag = `tag-${randomUUID()}`;
  folder = mkdtempSync(join(tmpdir(), "canswarm-exec-"));
});
afterEach(async () => {
  await closeAll();
  await until(() => processesWith(tag).length === 0, 5_000, "every process of the test is gone");
  rmSync(folder, { recursive: true });
});

describe("one process for each call", () => {
  test("gets the need and the input and its output and telemetry are the answer", async () => {
    const result = await once().call(work("echo", { value: { a: [1, "ü"] } }), {
      timeoutMs: AMPLE_MS,
    });
    expect(result).toEqual({
      kind: "ok",
      value: { output: { a: [1, "ü"] }, telemetry: { pid: expect.any(Number) as number } },
    });
  });

  test("a worker is told need and input and nothing else", async () => {
    const result = await once().call(work("request"), { timeoutMs: AMPLE_MS });
    expect(result).toEqual({
      kind: "ok",
      value: { output: { need: need(), input: { behave: "request" } } },
    });
  });

  test("a verifier is told the output and its verdict is the answer", async () => {
    const asked = { behave: "judge", value: 4 };
    expect(await once().call(judge(asked, 4), { timeoutMs: AMPLE_MS })).toEqual({
      kind: "ok",
      value: { verdict: "pass", reason: "compared" },
    });
    expect(await once().call(judge(asked, 5), { timeoutMs: AMPLE_MS })).toMatchObject({
      value: { verdict: "fail" },
    });
  });

  test.each(["", "--by-path", "--deaf"])("reads its input %s", async (flag) => {
    const big = "x".repeat(300_000);
    const result = await once({}, flag).call(work("echo", { value: big }), {
      timeoutMs: AMPLE_MS,
    });
    expect(result.kind).toBe("ok");
  });

  test.each([
    ["crash", "EXIT", "exit code 3; standard error ends: [31mthe disk of this agent is full"],
    ["crashAfterAnswer", "EXIT", "exit code 4"],
    ["signal", "EXIT", "by SIGKILL"],
    ["silent", "RUBBISH", "it printed no answer"],
    ["rubbish", "RUBBISH", '"I am done!"'],
    ["banner", "RUBBISH", '"loading… {'],
    ["array", "RUBBISH", "no JSON object"],
    ["noOutput", "RUBBISH", 'no "output"'],
    ["endless", "RUBBISH", "number without end"],
    ["deep", "RUBBISH", "nested deeper than 64 levels"],
    ["surrogate", "RUBBISH", "a lone surrogate"],
    ["error", "ERROR", "I cannot read this language"],
    ["floodStderr", "EXIT", "the very end"],
  ])("%s is a failed try with code %s", async (behave, code, detail) => {
    const result = await once().call(work(behave), { timeoutMs: AMPLE_MS });
    expect(result).toMatchObject({ kind: "failed", code });
    expect((result as { detail: string }).detail).toContain(detail);
    expect((result as { detail: string }).detail.length).toBeLessThan(600);
  });

  test("a verdict that is none of the three is rubbish", async () => {
    const result = await once().call(judge({ behave: "verdict" }, 1), { timeoutMs: AMPLE_MS });
    expect(result).toMatchObject({ kind: "failed", code: "RUBBISH" });
  });

  test("a flood of output is cut at the limit", async () => {
    const result = await once({ answerBytesMax: 1_000_000 }).call(work("flood"), {
      timeoutMs: AMPLE_MS,
    });
    expect(result).toMatchObject({ kind: "failed", code: "TOO_LARGE" });
  });

  test("an output just below the limit passes and one above it does not", async () => {
    const runner = once({ answerBytesMax: 200_000 });
    const ask = (length: number) =>
      runner.call(work("echo", { value: "z".repeat(length) }), { timeoutMs: AMPLE_MS });
    expect((await ask(190_000)).kind).toBe("ok");
    expect(await ask(201_000)).toMatchObject({ code: "TOO_LARGE" });
  });

  test("a request above the limit starts nothing", async () => {
    const result = await once({ requestBytesMax: 500 }).call(
      work("echo", { value: "x".repeat(600) }),
      { timeoutMs: AMPLE_MS },
    );
    expect(result).toMatchObject({ code: "TOO_LARGE" });
  });

  test("more memory than allowed ends the process", async () => {
    const result = await once({ memoryBytesMax: 150 * 1024 * 1024 }).call(work("hog"), {
      timeoutMs: AMPLE_MS,
    });
    expect(result).toMatchObject({ kind: "failed", code: "MEMORY" });
  });

  test.each(["hang", "stubborn", "orphans"])("%s ends with its whole family", async (behave) => {
    const stop = new AbortController();
    const result = once().call(work(behave), { timeoutMs: AMPLE_MS, signal: stop.signal });
    const family = behave === "hang" ? 1 : 2;
    await until(() => processesWith(tag).length >= family, 10_000);
    stop.abort();
    expect(await result).toMatchObject({ kind: "failed", code: "STOPPED" });
    await until(() => processesWith(tag).length === 0, 5_000);
  });

  test("what an ended program leaves behind is killed and its answer counts", async () => {
    const result = await once().call(work("leaves"), { timeoutMs: AMPLE_MS });
    expect(result).toMatchObject({ kind: "ok", value: { output: "left one behind" } });
    await until(() => processesWith(tag).length === 0, 5_000);
  });

  test("no answer in time is a timeout", async () => {
    const result = await once().call(work("hang"), { timeoutMs: 50 });
    expect(result).toMatchObject({ kind: "failed", code: "TIMEOUT" });
  });

  test.each([["no-such-program-here"], ["./once.mjs"], ["/"]])(
    "%s cannot be started, and says so",
    async (program) => {
      const runner = createRunner(
        { kind: "exec", command: [program], mode: "once", plans: false },
        { cwd: FIXTURES },
      );
      expect(await runner.call(work("echo"), { timeoutMs: AMPLE_MS })).toMatchObject({
        kind: "failed",
        code: "SPAWN",
      });
    },
  );
});

describe("life of a process", () => {
  test("an answer is never lost, however soon its process is gone", async () => {
    const runner = createRunner(
      { kind: "exec", command: ["sh", "-c", "echo '{\"output\":1}'"], mode: "once", plans: false },
      { cwd: FIXTURES, limits: { execCallsMax: 16 } },
    );
    const calls = Array.from({ length: 200 }, () =>
      runner.call(work("any"), { timeoutMs: AMPLE_MS }),
    );
    await Promise.all(calls);
    expect(runner.stats()).toMatchObject({ ok: 200, failed: {} });
    await runner.close();
  });

  test("a stopped process shows none, and lives on when it is continued", async () => {
    const path = join(folder, "go");
    let beats = 0;
    const result = once().call(work("untilFile", { path, value: "late" }), {
      timeoutMs: AMPLE_MS,
      onAlive: () => (beats += 1),
    });
    // A file is there before its text is; 0 is the group of whoever asks, this test's own.
    const written = (): number =>
      existsSync(`${path}.pid`) ? Number(readFileSync(`${path}.pid`, "utf8")) : 0;
    await until(() => beats >= 2 && written() > 0, 10_000);
    const pid = written();
    process.kill(pid, "SIGSTOP");
    await until(() => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") T"), 5_000);
    const frozenAt = beats;
    writeFileSync(path, "");
    const probe = once().call(work("echo", { value: 1 }), { timeoutMs: AMPLE_MS });
    await probe; // a whole process came and went meanwhile: many pulses
    expect(beats).toBe(frozenAt);
    process.kill(pid, "SIGCONT");
    expect(await result).toMatchObject({ kind: "ok", value: { output: "late" } });
  });

  test("two run at a time, the third waits its turn and is told of life", async () => {
    const runner = once({ execCallsMax: 2 });
    const paths = ["a", "b", "c"].map((name) => join(folder, name));
    let waiterBeats = 0;
    const results = paths.map((path, n) =>
      runner.call(work("untilFile", { path, value: n }), {
        timeoutMs: AMPLE_MS,
        onAlive: () => (waiterBeats += n === 2 ? 1 : 0),
      }),
    );
    await until(() => waiterBeats > 0, 10_000);
    expect(runner.stats()).toMatchObject({ running: 2, queued: 1 });
    for (const path of paths) writeFileSync(path, "");
    expect((await Promise.all(results)).map((result) => result.kind)).toEqual(["ok", "ok", "ok"]);
    expect(runner.stats()).toMatchObject({ calls: 3, ok: 3, running: 0, queued: 0, failed: {} });
  });

  test("calls that all end before the first pulse show life to those that wait", async () => {
    const runner = once({ execCallsMax: 1, pulseMs: 1_000_000 });
    let beats = 0;
    let beatsAtStart = -1;
    const quick = [1, 2].map((n) => runner.call(work("echo", { value: n }), ample));
    const last = runner.call(work("echo", { value: 3 }), {
      // Read when the call starts.
      get timeoutMs() {
        beatsAtStart = beats;
        return AMPLE_MS;
      },
      onAlive: () => (beats += 1),
    });
    await Promise.all([...quick, last]);
    // Two starts and two ends of others, and its own start.
    expect(beatsAtStart).toBeGreaterThanOrEqual(4);
  });

  test("calls that fail at once show the life of their starts alone", async () => {
    const runner = once({ execCallsMax: 1, pulseMs: 1_000_000 });
    let beats = 0;
    const crash = runner.call(work("crash"), ample);
    const waits = runner.call(work("echo"), { ...ample, onAlive: () => (beats += 1) });
    await crash;
    expect(beats).toBe(1);
    await waits;
  });

  test("waiting in the queue does not use up the time of a call", async () => {
    const runner = once({ execCallsMax: 1 });
    const path = join(folder, "first");
    const first = runner.call(work("untilFile", { path }), { timeoutMs: AMPLE_MS });
    const second = runner.call(work("hang"), { timeoutMs: 1 });
    let done = false;
    void second.then(() => (done = true));
    await until(() => existsSync(`${path}.pid`), 10_000);
    expect(done).toBe(false);
    writeFileSync(path, "");
    await first;
    expect(await second).toMatchObject({ code: "TIMEOUT" });
  });

  test("the one too many in the queue fails at once, an aborted one leaves it", async () => {
    const runner = once({ execCallsMax: 1, queueCallsMax: 1 });
    const stop = new AbortController();
    const first = runner.call(work("hang"), { timeoutMs: AMPLE_MS });
    const waiting = runner.call(work("echo"), { timeoutMs: AMPLE_MS, signal: stop.signal });
    expect(await runner.call(work("echo"), { timeoutMs: AMPLE_MS })).toMatchObject({
      code: "FULL",
    });
    stop.abort();
    expect(await waiting).toMatchObject({ code: "STOPPED" });
    await runner.close();
    expect(await first).toMatchObject({ code: "STOPPED" });
    expect(await runner.call(work("echo"), { timeoutMs: AMPLE_MS })).toMatchObject({
      code: "STOPPED",
    });
  });
});

test("arguments that no system takes are a failed try", async () => {
  const runner = createRunner(
    { kind: "exec", command: ["sh", "x".repeat(4_000_000)], mode: "once", plans: false },
    { cwd: FIXTURES },
  );
  expect(await runner.call(work("echo"), { timeoutMs: AMPLE_MS })).toMatchObject({ code: "SPAWN" });
});

test("a folder that is gone is a failed try", async () => {
  const runner = createRunner(
    { kind: "exec", command: ["sh"], mode: "once", plans: false },
    { cwd: join(FIXTURES, "no-such-folder") },
  );
  expect(await runner.call(work("echo"), { timeoutMs: AMPLE_MS })).toMatchObject({ code: "SPAWN" });
});
