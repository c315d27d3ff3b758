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
