import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ConversationRunner } from "#agent/runner/conversation.ts";
import type { RunnerLimits } from "#agent/runner/limits.ts";
import { AMPLE_MS, closeAll, need, scriptRunner, work } from "./calls.ts";
import { processesWith, until } from "./until.ts";

let tag: string;
let folder: string;
const lines = (limits: Partial<RunnerLimits> = {}, ...flags: string[]): ConversationRunner =>
  scriptRunner("lines", [tag, ...flags], limits) as ConversationRunner;
const ample = { timeoutMs: AMPLE_MS };

beforeEach(() => {
  tag = `tag-${randomUUID()}`;
  folder = mkdtempSync(join(tmpdir(), "canswarm-lines-"));
});
afterEach(async () => {
  await closeAll();
  await until(() => processesWith(tag).length === 0, 5_000, "every process of the test is gone");
  rmSync(folder, { recursive: true });
});

describe("one process for many calls", () => {
  test("the same process answers one call after the other", async () => {
    const runner = lines();
    const pids = new Set<unknown>();
    for (let n = 0; n < 20; n += 1) {
      const result = await runner.call(work("echo", { value: n }), ample);
      expect(result).toMatchObject({ kind: "ok", value: { output: n } });
      if (result.kind === "ok") pids.add(result.value.telemetry?.["pid"]);
    }
    expect([...pids]).toEqual([runner.pid]);
    expect(runner.stats()).toMatchObject({ calls: 20, ok: 20, restarts: 0 });
  });

  test("answers in any order reach their own calls", async () => {
    const runner = lines();
    const held = [1, 2, 3].map(() => runner.call(work("hold"), ample));
    await runner.call(work("release"), ample);
    const outputs = (await Promise.all(held)).map((r) => r.kind === "ok" && r.value.output);
    expect(outputs).toEqual(["held 1", "held 2", "held 3"]);
  });

  test("no more calls than allowed are in flight, in the order they came", async () => {
    const runner = lines({ linesCallsMax: 2 });
    const calls = Array.from({ length: 7 }, (_, value) =>
      runner.call(work("echo", { value }), ample),
    );
    await until(() => runner.stats().running === 2, 5_000);
    expect(runner.stats().queued).toBe(5);
    const outputs = (await Promise.all(calls)).map((r) => r.kind === "ok" && r.value.output);
    expect(outputs).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("a plan is judged while all places for work are taken", async () => {
    const runner = lines({ linesCallsMax: 1 });
    const held = runner.call(work("hold"), ample);
    await until(() => runner.stats().running === 1, 5_000);
    const verdict = (price: string) =>
      runner.call({ kind: "plan", need: need(), bid: { price, etaMs: 5 } }, ample);
    expect(await verdict("1")).toEqual({ kind: "ok", value: { verdict: "pass" } });
    expect(await verdict("2")).toEqual({ kind: "ok", value: { verdict: "fail" } });
    await runner.close();
    expect(await held).toMatchObject({ code: "STOPPED" });
  });

  test("a second answer to a call is dropped, the first counts", async () => {
    const runner = lines();
    expect(await runner.call(work("twice"), ample)).toMatchObject({ value: { output: "first" } });
    expect(await runner.call(work("echo", { value: 2 }), ample)).toMatchObject({
      value: { output: 2 },
    });
    expect(runner.stats().restarts).toBe(0);
  });

  test("a malformed answer fails its call only", async () => {
    const runner = lines();
    const held = runner.call(work("hold"), ample);
    expect(await runner.call(work("malformed"), ample)).toMatchObject({ code: "RUBBISH" });
    await runner.call(work("release"), ample);
    expect(await held).toMatchObject({ kind: "ok" });
    expect(runner.stats().restarts).toBe(0);
  });
});

describe("a process that fails", () => {
  test.each([
    ["crash", "EXIT"],
    ["rubbish", "RUBBISH"],
    ["unknown", "RUBBISH"],
    ["long", "TOO_LARGE"],
    ["hog", "MEMORY"],
  ])("%s fails all calls in flight with %s and a fresh one goes on", async (behave, code) => {
    const runner = lines({ answerBytesMax: 100_000, memoryBytesMax: 150 * 1024 * 1024 });
    const held = runner.call(work("hold"), ample);
    const failing = runner.call(work(behave), ample);
    expect(await failing).toMatchObject({ kind: "failed", code });
    expect(await held).toMatchObject({ kind: "failed", code });
    expect(await runner.call(work("echo", { value: "again" }), ample)).toMatchObject({
      value: { output: "again" },
    });
    expect(runner.stats().restarts).toBe(1);
  });

  test("endless repeated answers are rubbish after a limited number", async () => {
    const runner = lines({ strayLinesMax: 8 });
    await runner.call(work("repeats", { times: 5 }), ample);
    expect((await runner.call(work("echo"), ample)).kind).toBe("failed"); // value undefined: no output
    expect(runner.stats().restarts).toBe(0);
    const held = runner.call(work("hold"), ample);
    await runner.call(work("repeats", { times: 50 }), ample);
    expect(await held).toMatchObject({ code: "RUBBISH" });
  });

  test("one that dies at each start fails each call and is started ever more slowly", async () => {
    const runner = lines({ backoffMs: 10, backoffMsMax: 40 }, "--dies-at-once");
    const startedAt = performance.now();
    for (let n = 0; n < 4; n += 1)
      expect(await runner.call(work("echo"), ample)).toMatchObject({ code: "EXIT" });
    expect(performance.now() - startedAt).toBeGreaterThan(10 + 20 + 40 - 3);
    expect(runner.stats()).toMatchObject({ restarts: 3, failed: { EXIT: 4 } });
  });

  test("one that spins for ever is replaced after a timeout and two silent pulses", async () => {
    const runner = lines();
    const spinning = runner.call(work("spin"), { timeoutMs: 60 });
    const other = runner.call(work("echo", { value: 1 }), ample);
    expect(await spinning).toMatchObject({ code: "TIMEOUT" });
    expect(await other).toMatchObject({ code: "HUNG" });
    expect(await runner.call(work("echo", { value: 2 }), ample)).toMatchObject({ kind: "ok" });
    expect(runner.stats().restarts).toBe(1);
  });

  test("one that is only slow keeps its other calls after a timeout", async () => {
    const runner = lines({ pulseMs: 300 }); // two pulses of silence must mean more than a busy machine
    await runner.call(work("echo", { value: "started" }), ample);
    let beats = 0;
    const held = runner.call(work("hold"), { ...ample, onAlive: () => (beats += 1) });
    expect(await runner.call(work("hold"), { timeoutMs: 30 })).toMatchObject({ code: "TIMEOUT" });
    await until(() => beats > 2, 10_000);
    await runner.call(work("release"), ample);
    expect(await held).toMatchObject({ value: { output: "held 2" } });
    expect(runner.stats().restarts).toBe(0);
  });

  test("an abort lets go of the call and the late answer harms nobody", async () => {
    const runner = lines();
    const stop = new AbortController();
    const held = runner.call(work("hold"), { ...ample, signal: stop.signal });
    await runner.call(work("echo", { value: 0 }), ample);
    stop.abort();
    expect(await held).toMatchObject({ code: "STOPPED" });
    expect(await runner.call(work("release"), ample)).toMatchObject({ kind: "ok" });
    expect(runner.stats().restarts).toBe(0);
  });
});

describe("life of a persistent process", () => {
  test("answers that come before the first pulse show life to calls that wait", async () => {
    const runner = lines({ linesCallsMax: 1, pulseMs: 1_000_000 });
    let beats = 0;
    const first = runner.call(work("echo", { value: 1 }), ample);
    const waits = runner.call(work("echo", { value: 2 }), {
      ...ample,
      onAlive: () => (beats += 1),
    });
    await first;
    expect(beats).toBe(1);
    await waits;
  });

  test("a frozen one shows none; continued, it still answers its call", async () => {
    const runner = lines();
    const path = join(folder, "go");
    let beats = 0;
    const result = runner.call(work("untilFile", { path, value: "late" }), {
      ...ample,
      onAlive: () => (beats += 1),
    });
    await until(() => beats >= 2, 10_000);
    const pid = runner.pid!;
    process.kill(pid, "SIGSTOP");
    await until(() => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") T"), 5_000);
    // Answers that were on their way still count for the pulse they came in; then nothing may come.
    const seen = { beats: -1, at: 0 };
    await until(() => {
      if (beats !== seen.beats) Object.assign(seen, { beats, at: performance.now() });
      return performance.now() - seen.at > 200; // ten pulses
    }, 10_000);
    writeFileSync(path, "");
    process.kill(pid, "SIGCONT");
    expect(await result).toMatchObject({ kind: "ok", value: { output: "late" } });
    expect(runner.pid).toBe(pid);
  });

  test("a frozen one whose call ran out of time is replaced", async () => {
    const runner = lines();
    await runner.start();
    const pid = runner.pid!;
    process.kill(pid, "SIGSTOP");
    expect(await runner.call(work("echo", { value: 1 }), { timeoutMs: 30 })).toMatchObject({
      code: "TIMEOUT",
    });
    await until(() => processesWith(tag).length === 0, 10_000);
    expect(await runner.call(work("echo", { value: 2 }), ample)).toMatchObject({ kind: "ok" });
    expect(runner.pid).not.toBe(pid);
  });

  test.each(["", "--ignores-eof"])("close leaves no process behind %s", async (flag) => {
    const runner = lines({ closeMs: 50 }, flag);
    await runner.start();
    // It is started by a guardian, and under its own name only a moment later.
    await until(() => processesWith(tag).length > 0, 5_000);
    await runner.close();
    await runner.close();
    expect(processesWith(tag)).toEqual([]);
    expect(await runner.call(work("echo"), ample)).toMatchObject({ code: "STOPPED" });
    expect(await runner.start()).toMatchObject({ code: "STOPPED" });
  });
});
