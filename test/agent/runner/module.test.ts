import { afterEach, describe, expect, test } from "vitest";
import { AMPLE_MS, closeAll, judge, moduleRunner, need, work } from "./calls.ts";

const ample = { timeoutMs: AMPLE_MS };
afterEach(closeAll);

describe("a module as an agent", () => {
  test("its functions answer by value or by promise", async () => {
    const runner = moduleRunner("agent.ts");
    expect(await runner.start()).toEqual({ kind: "ok", value: { bid: true, plan: false } });
    for (const behave of ["echo", "later"])
      expect(await runner.call(work(behave, { value: [1] }), ample)).toEqual({
        kind: "ok",
        value: { output: [1] },
      });
    expect(await runner.call(judge({ value: 1 }, 1), ample)).toMatchObject({
      value: { verdict: "pass" },
    });
  });

  test("it bids for itself, or passes", async () => {
    const runner = moduleRunner("agent.ts");
    const ask = (bounty: string) =>
      runner.call({ kind: "bid", need: need({ bounty }), input: { any: 1 } }, ample);
    expect(await ask("2")).toEqual({ kind: "ok", value: { price: "2", etaMs: 20 } });
    expect(await ask("0.1")).toEqual({ kind: "ok", value: { pass: true } });
  });

  test.each([
    ["throws", "ERROR", "no such tool"],
    ["number", "ERROR", "returned no object"],
    ["circular", "ERROR", "no JSON"],
    ["exit", "EXIT", "code 3"],
    ["crashLater", "EXIT", "thrown outside of the call"],
    ["hog", "MEMORY", "of memory"],
    ["hoard", "MEMORY", "of memory"],
  ])("%s is a failed try with code %s, and the next call works", async (behave, code, detail) => {
    const runner = moduleRunner("agent.ts", { memoryBytesMax: 64 * 1024 * 1024 });
    const result = await runner.call(work(behave), ample);
    expect(result).toMatchObject({ kind: "failed", code });
    expect((result as { detail: string }).detail).toContain(detail);
    expect((await runner.call(work("echo", { value: 1 }), ample)).kind).toBe("ok");
  });

  test("an endless loop costs its call and is replaced", async () => {
    const runner = moduleRunner("agent.ts");
    const spinning = runner.call(work("spin"), { timeoutMs: 60 });
    expect(await spinning).toMatchObject({ code: "TIMEOUT" });
    expect(await runner.call(work("echo", { value: 1 }), ample)).toMatchObject({ code: "HUNG" });
    expect(await runner.call(work("echo", { value: 2 }), ample)).toMatchObject({ kind: "ok" });
  });

  test("what it prints does not reach standard output", async () => {
    const runner = moduleRunner("agent.ts");
    expect(await runner.call(work("prints"), ample)).toMatchObject({
      value: { output: "printed" },
    });
  });

  test("a plan is refused by a module without that function", async () => {
    const runner = moduleRunner("agent.ts");
    const plan = { kind: "plan", need: need(), bid: { price: "1", etaMs: 1 } } as const;
    expect(await runner.call(plan, ample)).toMatchObject({ code: "ERROR" });
  });

  test.each(["missing.ts", "until.ts", "broken.mjs"])(
    "%s cannot be loaded, and says why",
    async (file) => {
      const runner = moduleRunner(file === "until.ts" ? "../until.ts" : file);
      expect(await runner.start()).toMatchObject({ kind: "failed", code: "SPAWN" });
      expect(await runner.call(work("echo"), ample)).toMatchObject({ code: "SPAWN" });
    },
  );
});
