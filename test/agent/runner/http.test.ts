import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { createRunner } from "#agent/runner/create.ts";
import { HttpRunner } from "#agent/runner/http.ts";
import { RUNNER_LIMITS, type RunnerLimits } from "#agent/runner/limits.ts";
import type { Failure } from "#agent/runner/runner.ts";
import type { HttpSpec } from "#agent/runner/spec.ts";
import { AMPLE_MS, FIXTURES, judge, need, work } from "./calls.ts";
import {
  closeServers,
  cutAfter,
  flood,
  json,
  never,
  reset,
  serve,
  text,
} from "../../support/local-server.ts";
import { processesWith, until } from "./until.ts";

const ample = { timeoutMs: AMPLE_MS };
const opened: HttpRunner[] = [];

const httpRunner = (spec: Partial<HttpSpec>, limits: Partial<RunnerLimits> = {}): HttpRunner => {
  const whole: HttpSpec = { kind: "http", url: "", headers: {}, plans: false, ...spec };
  const runner = new HttpRunner({
    spec: whole,
    cwd: FIXTURES,
    limits: { ...RUNNER_LIMITS, retryMs: 2, pulseMs: 20, backoffMs: 1, ...limits },
  });
  opened.push(runner);
  return runner;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runner) => runner.close()));
  await closeServers();
});

/** A port at which nobody listens. */
const deadUrl = async (): Promise<string> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}/`;
};

describe("a call to a service", () => {
  test("is one POST of what a program gets on standard input", async () => {
    const server = await serve(json({ output: [1, "ü"], telemetry: { ms: 3 } }));
    const spec = { url: `${server.url}/solve?fast=1`, headers: { "x-team": "blue" } };
    const runner = httpRunner({ ...spec, token: "secret-token-1" });
    expect(await runner.call(work("echo", { value: "ü" }), ample)).toEqual({
      kind: "ok",
      value: { output: [1, "ü"], telemetry: { ms: 3 } },
    });
    const [asked] = server.asked;
    expect(asked).toMatchObject({
      method: "POST",
      path: "/solve?fast=1",
      headers: {
        "content-type": "application/json",
        authorization: "Bearer secret-token-1",
        "x-team": "blue",
      },
    });
    expect(JSON.parse(asked!.body)).toEqual({
      need: need(),
      input: { behave: "echo", value: "ü" },
    });
    expect(server.asked).toHaveLength(1);
  });

  test("of a judge is answered by a verdict", async () => {
    const server = await serve(json({ verdict: "fail", reason: "4 is not 5" }));
    const asked = judge({ behave: "judge" }, 4);
    expect(await httpRunner({ url: server.url }).call(asked, ample)).toEqual({
      kind: "ok",
      value: { verdict: "fail", reason: "4 is not 5" },
    });
    expect(JSON.parse(server.asked[0]!.body)).toMatchObject({ output: 4 });
  });

  test("is made by what createRunner gives for http", async () => {
    const server = await serve(json({ output: 1 }));
    const spec: HttpSpec = { kind: "http", url: server.url, headers: {}, plans: true };
    const runner = createRunner(spec, { cwd: FIXTURES });
    expect(await runner.start()).toEqual({ kind: "ok", value: { bid: false, plan: true } });
    expect(await runner.call(work("echo"), ample)).toMatchObject({ value: { output: 1 } });
    await runner.close();
  });
});

describe("a service that fails", () => {
  test.each([
    ["an error of its own", json({ error: "no such language" }), "ERROR", "no such language"],
    ["a status of 400", json({ error: "bad" }, 400), "ERROR", 'status 400: "{'],
    ["a status of 500", text("stack trace", 500), "ERROR", 'status 500: "stack trace"'],
    ["no JSON", text("I am done!"), "RUBBISH", "I am done!"],
    ["nothing", text(""), "RUBBISH", "no answer"],
    ["a list", json([1]), "RUBBISH", "no JSON object"],
    ["no output", json({ result: 1 }), "RUBBISH", 'no "output"'],
    ["half a character", text('{"output": "\\ud800"}'), "RUBBISH", "lone surrogate"],
    ["a redirect", json({}, 302, { location: "http://127.0.0.1:1/" }), "RUBBISH", "redirects"],
    ["part of an answer", cutAfter('{"output": '), "EXIT", "cut off"],
    ["a flood", flood, "TOO_LARGE", "more than 1 MiB"],
  ] as const)("with %s costs one try and is not asked again", async (_, answer, code, detail) => {
    const server = await serve(answer);
    const runner = httpRunner({ url: server.url }, { answerBytesMax: 1_000_000 });
    const result = await runner.call(work("echo"), ample);
    expect(result).toMatchObject({ kind: "failed", code });
    expect((result as Failure).detail).toContain(detail);
    expect(server.asked).toHaveLength(1);
  });

  test("a packed answer is measured unpacked", async () => {
    const server = await serve((response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.end(gzipSync(JSON.stringify({ output: "x".repeat(5_000_000) })));
    });
    const runner = httpRunner({ url: server.url }, { answerBytesMax: 1_000_000 });
    expect(await runner.call(work("echo"), ample)).toMatchObject({ code: "TOO_LARGE" });
  });

  test("a request above the limit is not sent", async () => {
    const server = await serve(json({ output: 1 }));
    const runner = httpRunner({ url: server.url }, { requestBytesMax: 500 });
    const call = work("echo", { value: "x".repeat(600) });
    expect(await runner.call(call, ample)).toMatchObject({ code: "TOO_LARGE" });
    expect(server.asked).toEqual([]);
  });

  test.each([
    ["never answers", never],
    ["stalls in the middle", (response) => void response.writeHead(200).write('{"output": ')],
    ["refuses, and stalls while it says why", (response) => void response.writeHead(400).write("")],
  ] as const satisfies readonly (readonly [string, Parameters<typeof serve>[0]])[])(
    "one that %s ends with the time of the call",
    async (_, answer) => {
      const server = await serve(answer);
      const runner = httpRunner({ url: server.url }, { refusalMs: 5_000 });
      expect(await runner.call(work("echo"), { timeoutMs: 80 })).toMatchObject({
        code: "TIMEOUT",
        detail: "it gave no answer within 80 ms",
      });
      expect(runner.stats()).toMatchObject({ running: 0, failed: { TIMEOUT: 1 } });
    },
  );

  test("does not get its secret into a reason or an output", async () => {
    const token = "sk-very-secret-0123456789";
    const server = await serve(
      text(`your key ${token} is unknown`, 401),
      text(`key ${token}`),
      json({ error: `the key ${token} is over its limit` }),
      json({ output: { key: token } }),
    );
    const runner = httpRunner({ url: server.url, token });
    for (let n = 0; n < 4; n += 1) {
      const told = JSON.stringify(await runner.call(work("echo"), ample));
      expect(told).toContain("[secret]");
      expect(told).not.toContain("sk-very");
    }
  });
});

describe("another try", () => {
  test.each([
    ["a reset before the answer", reset],
    ["502", text("", 502)],
    ["503", text("", 503)],
    ["504", text("", 504)],
    ["429", text("", 429)],
  ])("is made after %s, with the same key", async (_, answer) => {
    const server = await serve(answer, answer, json({ output: "third" }));
    const runner = httpRunner({ url: server.url });
    expect(await runner.call(work("echo"), ample)).toMatchObject({ value: { output: "third" } });
    const keys = server.asked.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    await runner.call(work("echo"), ample);
    expect(server.asked[3]!.headers["idempotency-key"]).not.toBe(keys[0]);
  });

  test("is made a limited number of times", async () => {
    const server = await serve(text("come back later", 503));
    const result = await httpRunner({ url: server.url }).call(work("echo"), ample);
    expect(result).toEqual({
      kind: "failed",
      code: "ERROR",
      detail: 'it answered with status 503: "come back later" (after 4 tries)',
    });
    expect(server.asked).toHaveLength(4);
  });

  test("waits as long as it was asked to", async () => {
    const server = await serve(json({}, 429, { "retry-after": "1" }), json({ output: 1 }));
    const startedAt = performance.now();
    expect(await httpRunner({ url: server.url }).call(work("echo"), ample)).toMatchObject({
      kind: "ok",
    });
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  test.each(["3600", new Date(Date.now() + 3_600_000).toUTCString()])(
    "is not waited for when it would come after the time of the call (%s)",
    async (after) => {
      const server = await serve(json({}, 503, { "retry-after": after }));
      const result = await httpRunner({ url: server.url }).call(work("echo"), ample);
      expect(result).toMatchObject({ code: "ERROR" });
      expect((result as Failure).detail).toContain("no time is left");
      expect(server.asked).toHaveLength(1);
    },
  );

  test("finds nobody, and says so", async () => {
    const result = await httpRunner({ url: await deadUrl() }).call(work("echo"), ample);
    expect(result).toEqual({
      kind: "failed",
      code: "SPAWN",
      detail: "it could not be reached (ECONNREFUSED) (after 4 tries)",
    });
  });
});

describe("limits of a runner for services", () => {
  test("no more calls than allowed are in flight and in the queue", async () => {
    const waiting: (() => void)[] = [];
    const server = await serve((response, asked, nth) => {
      waiting.push(() => json({ output: nth })(response, asked, nth));
    });
    const runner = httpRunner({ url: server.url }, { httpCallsMax: 2, queueCallsMax: 3 });
    const calls = Array.from({ length: 6 }, () => runner.call(work("echo"), ample));
    expect(await calls[5]).toMatchObject({ code: "FULL" });
    await until(() => waiting.length === 2, 5_000);
    expect(runner.stats()).toMatchObject({ running: 2, queued: 3 });
    for (let n = 0; n < 5; n += 1) {
      await until(() => waiting.length > 0, 5_000);
      waiting.shift()!();
    }
    const outputs = (await Promise.all(calls)).map((r) => r.kind === "ok" && r.value.output);
    expect(outputs).toEqual([1, 2, 3, 4, 5, false]);
  });

  test("a plan is judged while all places for work are taken", async () => {
    const server = await serve(never, json({ verdict: "pass" }));
    const runner = httpRunner({ url: server.url }, { httpCallsMax: 1 });
    const held = runner.call(work("hold"), ample);
    await until(() => server.asked.length === 1, 5_000);
    const plan = { kind: "plan", need: need(), bid: { price: "1", etaMs: 5 } } as const;
    expect(await runner.call(plan, ample)).toMatchObject({ value: { verdict: "pass" } });
    expect(JSON.parse(server.asked[1]!.body)).toMatchObject({ phase: "plan" });
    await runner.close();
    expect(await held).toMatchObject({ code: "STOPPED" });
    expect(await runner.call(work("echo"), ample)).toMatchObject({ code: "STOPPED" });
  });

  test.each(["in flight", "between two tries"])("an abort %s ends the call", async (when) => {
    const server = await serve(when === "in flight" ? never : text("", 503));
    const runner = httpRunner({ url: server.url }, { retryMs: 10_000, retryMsMax: 10_000 });
    const stop = new AbortController();
    const result = runner.call(work("echo"), { ...ample, signal: stop.signal });
    await until(() => server.asked.length === 1, 5_000);
    stop.abort();
    expect(await result).toMatchObject({ code: "STOPPED" });
  });
});

describe("signs of life of a service", () => {
  test("are each part of its answer, for the call and for those that wait", async () => {
    let drip = (_part: string): void => undefined;
    const server = await serve(
      (response) => {
        response.writeHead(200);
        drip = (part) => void (part === "" ? response.end() : response.write(part));
        drip('{"output"');
      },
      json({ output: 2 }),
    );
    const runner = httpRunner({ url: server.url }, { httpCallsMax: 1 });
    const beats = { call: 0, waits: 0 };
    const call = runner.call(work("echo"), { ...ample, onAlive: () => (beats.call += 1) });
    const waits = runner.call(work("echo"), { ...ample, onAlive: () => (beats.waits += 1) });
    await until(() => beats.call === 2, 5_000); // the head and the first part
    expect(beats.waits).toBe(2);
    drip(": 1}");
    await until(() => beats.call === 3, 5_000);
    drip("");
    expect(await call).toMatchObject({ value: { output: 1 } });
    expect(await waits).toMatchObject({ value: { output: 2 } });
  });

  test("are not its refusals, nor a call that it only took", async () => {
    const server = await serve(text("", 502), never);
    let beats = 0;
    const runner = httpRunner({ url: server.url });
    const result = runner.call(work("echo"), { timeoutMs: 100, onAlive: () => (beats += 1) });
    expect(await result).toMatchObject({ code: "TIMEOUT" });
    expect(server.asked).toHaveLength(2);
    expect(beats).toBe(0);
  });

  test("are answers to the health probe while a call is under way, and only good ones", async () => {
    let isWell = true;
    const server = await serve((response, asked, nth) => {
      if (asked.method === "GET") text("", isWell ? 204 : 503)(response, asked, nth);
    });
    const runner = httpRunner({ url: `${server.url}/work`, health: `${server.url}/health` });
    let beats = 0;
    const result = runner.call(work("echo"), { ...ample, onAlive: () => (beats += 1) });
    await until(() => beats >= 3, 5_000);
    isWell = false;
    const seen = server.asked.length;
    await until(() => server.asked.length >= seen + 2, 5_000); // both asked after it fell ill
    const before = beats;
    await until(() => server.asked.length >= seen + 5, 5_000);
    expect(beats).toBe(before);
    await runner.close();
    expect(await result).toMatchObject({ code: "STOPPED" });
    expect(server.asked.filter(({ method }) => method === "POST")).toHaveLength(1);
    expect(server.asked.find(({ method }) => method === "GET")!.path).toBe("/health");
  });
});

describe("a service that its runner starts", () => {
  const started = (flags: readonly string[] = [], limits: Partial<RunnerLimits> = {}) =>
    httpRunner(
      {
        url: "http://127.0.0.1:0/",
        plans: true,
        start: [process.execPath, "service.mjs", ...flags],
      },
      { memoryEveryMs: 20, ...limits },
    );

  test("tells its port, answers, and is gone with its runner", async () => {
    const tag = `tag-${crypto.randomUUID()}`;
    const runner = started([tag]);
    expect(await runner.start()).toMatchObject({ value: { plan: true } });
    expect(await runner.call(work("echo", { value: 7 }), ample)).toEqual({
      kind: "ok",
      value: { output: 7, telemetry: { pid: runner.pid } },
    });
    expect(processesWith(tag)).toHaveLength(1);
    await runner.close();
    expect(processesWith(tag)).toEqual([]);
    expect(await runner.start()).toMatchObject({ code: "STOPPED" });
  });

  test.each([
    ["crash", "exit code 5", {}],
    ["hog", "MiB of memory", { memoryBytesMax: 150 * 1024 * 1024 }],
  ] as const)("is started again after a %s, each try anew", async (behave, why, limits) => {
    const runner = started([], { triesMax: 2, retryMs: 100, ...limits });
    const [first, again] = [work("echo", { value: 1 }), work("echo", { value: 2 })];
    expect(await runner.call(first, ample)).toMatchObject({ kind: "ok" });
    const died = await runner.call(work(behave), ample);
    expect(died).toMatchObject({ kind: "failed", code: "EXIT" });
    expect((died as Failure).detail).toContain(why);
    expect(await runner.call(again, ample)).toMatchObject({ value: { output: 2 } });
    expect(runner.stats().restarts).toBe(2);
  });

  test.each([
    ["--dies-at-once", "SPAWN", "no model was found"],
    ["--rubbish", "RUBBISH", "listening…"],
    ["--silent", "SPAWN", "did not say where it listens"],
  ])("with %s cannot be used, and says why", async (flag, code, detail) => {
    const runner = started([flag], { serviceStartMs: flag === "--silent" ? 300 : AMPLE_MS });
    const result = await runner.start();
    expect(result).toMatchObject({ kind: "failed", code });
    expect((result as Failure).detail).toContain(detail);
    expect(await runner.call(work("echo"), ample)).toMatchObject({ kind: "failed", code });
  });

  test("that is no program is a call that could not be started", async () => {
    const runner = httpRunner({ url: "http://127.0.0.1:0/", start: ["no-such-program-here"] });
    expect(await runner.call(work("echo"), ample)).toMatchObject({ code: "SPAWN" });
  });
});
