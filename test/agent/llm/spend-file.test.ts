import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Budget, type Reservation } from "#agent/llm/budget.ts";
import { LLM_LIMITS } from "#agent/llm/limits.ts";
import { LlmRunner } from "#agent/llm/runner.ts";
import { openSpendFile, readSpent, type SpendFile } from "#agent/llm/spend-file.ts";
import { RUNNER_LIMITS } from "#agent/runner/limits.ts";
import { AMPLE_MS, judge } from "../runner/calls.ts";

let folder: string;
let path: string;
let before: SpendFile | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-spent-"));
  path = join(folder, "spent.json");
});
afterEach(() => {
  before?.close();
  before = undefined;
  rmSync(folder, { recursive: true });
});

const reserve = (budget: Budget, worst: bigint) => budget.purse("a").reserve(worst);
const onDisk = (): string => readFileSync(path, "utf8");
/** As a new process would: nothing is known but the file. */
const reopened = (total: bigint): Budget => {
  before?.close();
  before = openSpendFile(path);
  return new Budget({ total }, before);
};

describe("a spend file", () => {
  test("holds the worst case while a request is under way, then what it cost", () => {
    const budget = reopened(1_000_000n);
    const one = reserve(budget, 300_000n) as Reservation;
    expect(onDisk()).toBe('{"spent":"0.3"}\n');
    one.settle(100_000n);
    expect(onDisk()).toBe('{"spent":"0.1"}\n');
  });

  test("is what a process that died has spent at most", () => {
    (reserve(reopened(10n), 4n) as Reservation).settle(2n);
    reserve(reopened(10n), 5n); // never settled: it died
    const again = reopened(10n);
    expect(again.spent).toBe(7n);
    expect(reserve(again, 4n)).toEqual({ kind: "over", cap: "total", left: 3n });
  });

  test("is shared by the agents of a process that name it", () => {
    const [one, other] = [openSpendFile(path), openSpendFile(path)].map(
      (total) => new Budget({ total: 10n }, total),
    );
    expect(reserve(one!, 6n)).toMatchObject({ kind: "reserved" });
    expect(reserve(other!, 5n)).toEqual({ kind: "over", cap: "total", left: 4n });
  });

  test("that cannot be written stops all requests, and holds nothing for them", () => {
    const budget = new Budget({}, openSpendFile(join(folder, "none", "spent.json")));
    expect(reserve(budget, 1n)).toMatchObject({ kind: "not kept" });
    expect(budget.reserved).toBe(0n);
  });

  test.each(["", "{}", "[]", "null", '{"spent": 5}', '{"spent": "-1"}', '{"spent": "much"}'])(
    "that says %j is not read, and no call is made",
    async (text) => {
      writeFileSync(path, text);
      expect(() => readSpent(path)).toThrow("not of the form");
      const runner = new LlmRunner({
        spec: {
          kind: "llm",
          baseUrl: "http://127.0.0.1:1",
          model: "tiny",
          maxTokens: 10,
          maxTokensField: "max_tokens",
          stream: true,
          caps: { total: 10n },
          spendFile: path,
        },
        cwd: folder,
        limits: RUNNER_LIMITS,
        llm: LLM_LIMITS,
      });
      expect(await runner.start()).toMatchObject({ code: "SPAWN" });
      expect(await runner.call(judge({}, 1), { timeoutMs: AMPLE_MS })).toMatchObject({
        code: "SPAWN",
      });
      await runner.close();
    },
  );
});
