import { describe, expect, it } from "vitest";
import { runUntrusted } from "#agent/sandbox/run.ts";

const run = (script: string, limits: Parameters<typeof runUntrusted>[1] = {}) =>
  runUntrusted({ tier: "T1", script }, limits);

describe("T1, a small script", () => {
  it("gives what it printed and its last value", async () => {
    expect(await run('console.log("a", 1); ({ b: [2] })')).toEqual({
      kind: "ok",
      stdout: "a 1\n",
      value: '{"b":[2]}',
    });
    expect(await run("undefined")).toEqual({ kind: "ok", stdout: "" });
  });

  it("runs its promises to their end", async () => {
    expect(await run("Promise.resolve(1).then(console.log)")).toMatchObject({ stdout: "1\n" });
  });

  it("tells what the script threw", async () => {
    expect(await run('console.log(1); throw new TypeError("no")')).toEqual({
      kind: "failed",
      detail: "TypeError: no",
      stdout: "1\n",
    });
    expect(await run("let let")).toMatchObject({ kind: "failed" });
  });

  it.each<[string, string, string]>([
    ["a loop", "for (;;);", "TIME"],
    ["a loop that catches", "for (;;) try { for (;;); } catch {}", "TIME"],
    ["promises for ever", "const f = () => Promise.resolve().then(f); f(); 1", "TIME"],
    ["a value that never ends", "({ toJSON() { for (;;); } })", "TIME"],
    ["buffers", "const all = []; for (;;) all.push(new ArrayBuffer(1 << 20))", "MEMORY"],
    ["objects", "const all = []; for (;;) all.push({})", "MEMORY"],
    ["one large text", '"x".repeat(1e9)', "MEMORY"],
    ["a recursion", "const f = () => f() + 1; f()", "STACK"],
    ["lines for ever", 'for (;;) console.log("x".repeat(100))', "OUTPUT"],
    ["a large value", '"x".repeat(2e6)', "OUTPUT"],
  ])("stops %s", async (_, script, why) => {
    const limits = { timeMs: why === "TIME" ? 300 : 10_000, memoryBytes: 32 << 20 };
    expect(await run(script, limits)).toMatchObject({ kind: "stopped", why });
  });

  it("has no memory that is shared, and no module", async () => {
    expect(await run("typeof SharedArrayBuffer + typeof Atomics")).toMatchObject({
      value: '"undefinedundefined"',
    });
    expect(await run('import("node:fs").catch((e) => console.log("no"))')).toMatchObject({
      stdout: "no\n",
    });
  });
});

describe("two scripts, of which one asks the other", () => {
  const ask = (script: string, asked: string, limits: Parameters<typeof runUntrusted>[1] = {}) =>
    runUntrusted({ tier: "T1", script, asked }, limits);

  it("pass texts, and what was thrown", async () => {
    expect(await ask('ask("a") + ask("b")', "(text) => text + text")).toMatchObject({
      value: '"aabb"',
    });
    const caught = 'let why; try { ask("a") } catch (error) { why = error.message } why';
    expect(await ask(caught, '() => { throw new TypeError("no") }')).toMatchObject({
      value: '"TypeError: no"',
    });
    expect(await ask(caught, "let let")).toMatchObject({
      value: expect.stringContaining("Syntax"),
    });
    expect(await ask(caught, "() => 7")).toMatchObject({ value: '"the answer is no text"' });
    expect(await ask(caught, '() => "x".repeat(2e6)')).toMatchObject({
      value: '"the answer is too long"',
    });
  });

  it("see nothing of each other", async () => {
    const asked = `globalThis.mine = 1; Object.prototype.mine = 1; Array.prototype.map = () => [];
      () => typeof globalThis.theirs + typeof ask + typeof console`;
    const script =
      'globalThis.theirs = 1; [ask(""), typeof mine, typeof ({}).mine, [1].map((n) => n + 1)]';
    expect(await ask(script, asked)).toMatchObject({
      value: '["undefinedundefinedundefined","undefined","undefined",[2]]',
    });
  });

  it("share one time, which no catch escapes, and one memory", async () => {
    const caught = 'try { ask("a") } catch {} "done"';
    expect(await ask(caught, "() => { for (;;); }", { timeMs: 300 })).toMatchObject({
      kind: "stopped",
      why: "TIME",
    });
    const hog = "const a = []; () => { for (;;) a.push(new ArrayBuffer(1 << 20)); }";
    expect(await ask('ask("a")', hog, { memoryBytes: 32 << 20 })).toMatchObject({
      kind: expect.stringMatching(/failed|stopped/),
    });
  });
});
