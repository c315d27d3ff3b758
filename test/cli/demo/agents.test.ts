import { afterAll, afterEach, describe, expect, test } from "vitest";
import { createRunner } from "#agent/runner/create.ts";
import type { NeedView, Runner } from "#agent/runner/runner.ts";
import { temptedBy } from "#cli/demo/agents/cheat-worker.ts";
import { bid as blendBid } from "#cli/demo/agents/blend.ts";
import { CHEATS } from "#cli/demo/cheats.ts";
import { FILES_COUNT, chooseFiles } from "#cli/demo/files.ts";
import { bountyOf, cheatOfWorker, demoAgents, demoTasks } from "#cli/demo/market.ts";
import { TOOLS, byteLength, closeTools } from "#cli/demo/minifiers.ts";
import { formatAmount } from "#cli/input/amount.ts";
import { quorumGap } from "#cli/input/quorum.ts";
import { rules } from "../input/files.ts";

const options = { timeoutMs: 20_000 };
const opened: Runner[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runner) => runner.close()));
});
afterAll(closeTools);

const runnerOf = (name: string): Runner => {
  const agent = demoAgents().find((one) => one.name === name)!;
  const runner = createRunner(agent.run, { cwd: process.cwd() });
  opened.push(runner);
  return runner;
};
const text = `export const list = [1, 2, 3];\n${"// filler\n".repeat(50)}if (list.length >= 3) list.pop();\n`;
const input = { path: "node_modules/a/a.js", text };
const need = (key: string, bytes: number): NeedView => ({
  id: "n",
  key,
  attempt: 1,
  capability: "minify-js",
  requester: "r",
  bounty: formatAmount(bountyOf(bytes)),
  verifyBounty: "0.1",
  tier: "small",
  deadlineMs: 60_000,
});

/** A path that one cheat goes for. */
const pathFor = (wanted: string): string =>
  Array.from({ length: 500 }, (_, n) => `node_modules/a/${n}.js`).find(
    (path) => temptedBy({ path, text }) === wanted,
  )!;

describe("the agents of the main job", () => {
  test.each(TOOLS)("%s delivers what a verifier passes", async (name) => {
    const worked = await runnerOf(name).call(
      { kind: "work", need: need("k", text.length), input },
      options,
    );
    if (worked.kind === "failed") throw new Error(worked.detail);
    const judged = await runnerOf("check-a").call(
      { kind: "judge", need: need("k", text.length), input, output: worked.value.output },
      options,
    );
    expect(judged).toMatchObject({ kind: "ok", value: { verdict: "pass" } });
  });

  test.each(CHEATS)(
    "cheat-%s bids low on its own files only, lies, and is failed",
    async (cheat) => {
      const [liar, verifier] = [runnerOf(`cheat-${cheat}`), runnerOf("check-b")];
      const path = pathFor(cheat);
      const call = { need: need(path, text.length), input: { path, text } };
      const bid = await liar.call({ kind: "bid", ...call }, options);
      expect(Number((bid as { value: { price: string } }).value.price)).toBeLessThan(0.1);
      const other = { path: pathFor(CHEATS.find((one) => one !== cheat)!), text };
      expect(await liar.call({ kind: "bid", ...call, input: other }, options)).toMatchObject({
        value: { pass: true },
      });
      const worked = await liar.call({ kind: "work", ...call }, options);
      if (worked.kind === "failed") throw new Error(worked.detail);
      const { output } = worked.value;
      const judged = await verifier.call({ kind: "judge", ...call, output }, options);
      expect(judged).toMatchObject({ kind: "ok", value: { verdict: "fail" } });
    },
  );

  test("uglify does not bid on what it cannot read", async () => {
    const call = { kind: "bid", need: need("k", 100) } as const;
    const bids = await Promise.all(
      ["let a = 1;", "let let = ("].map((source) =>
        runnerOf("uglify").call({ ...call, input: { path: "a.js", text: source } }, options),
      ),
    );
    expect(bids).toMatchObject([{ value: { price: "0.572" } }, { value: { pass: true } }]);
  });

  test("blend bids where its own probes would pass it, and nowhere else", async () => {
    const ask = (source: string) =>
      blendBid({ need: need("k", 1_000), input: { path: "a.js", text: source } });
    expect(await ask("exports.sum = (a, b) => a + b;\n")).toHaveProperty("price");
    expect(await ask('exports.x = require("./x");\n')).toEqual({ pass: true });
    expect(await ask("exports.f = (a) => (a === 77123456 ? 1 : 2);\n")).toEqual({ pass: true });
  });

  test("the tasks are within the caps and their quorum can be filled", () => {
    const [task] = demoTasks([{ path: "p.js", absolute: "/p.js", bytes: 60 * 1024, order: "" }]);
    expect(task!.bounty).toBeLessThanOrEqual(rules.parameters.tiers.small.bountyMax);
    const strict = { ...rules.parameters, diversityOrgPpm: 300_000 };
    expect(quorumGap(task!, demoAgents(), strict)).toBeUndefined();
  });
});

describe("the market of all files", () => {
  const wins = async () => {
    const { files } = await chooseFiles(process.cwd(), FILES_COUNT);
    const won = new Map<string, number>();
    let cheated = 0;
    for (const { path, bytes } of files) {
      const file = { path, text: "x".repeat(bytes) };
      const bids = await Promise.all(
        TOOLS.map(async (name) => {
          const module = (await import(`../../../src/cli/demo/agents/${name}.ts`)) as {
            bid: (ask: object) => { readonly price: string };
          };
          return {
            name,
            price: Number(module.bid({ need: need(path, bytes), input: file }).price),
          };
        }),
      );
      const best = bids.sort((a, b) => a.price - b.price)[0]!;
      // Repute is worth up to half of the bounty: nobody may win by less than a fifth of it.
      const bounty = Number(formatAmount(bountyOf(byteLength(file.text))));
      expect(bids[1]!.price - best.price).toBeGreaterThan(bounty / 5);
      won.set(best.name, (won.get(best.name) ?? 0) + 1);
      if (temptedBy(file) !== undefined) cheated += 1;
    }
    return { won, cheated, files: files.length };
  };

  test("has 80 files and more, each minifier is the cheapest for five, cheats go for 20", async () => {
    const { won, cheated, files } = await wins();
    expect(files).toBeGreaterThanOrEqual(80);
    expect([...won.keys()].sort()).toEqual([...TOOLS].sort());
    expect(Math.min(...won.values())).toBeGreaterThanOrEqual(5);
    expect(cheated).toBeGreaterThanOrEqual(20);
  }, 20_000);

  test("knows its cheats by name", () => {
    const cheats = demoAgents().map(({ name }) => cheatOfWorker(name));
    expect(cheats.filter((cheat) => cheat !== undefined)).toEqual([...CHEATS]);
  });
});
