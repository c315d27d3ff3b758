import { afterEach, describe, expect, test } from "vitest";
import { createRunner } from "#agent/runner/create.ts";
import type { NeedView, Runner } from "#agent/runner/runner.ts";
import { bountyOf, demoAgents, demoTasks } from "#cli/demo/market.ts";
import { formatAmount } from "#cli/input/amount.ts";
import { quorumGap } from "#cli/input/quorum.ts";
import { rules } from "../input/files.ts";

const options = { timeoutMs: 20_000 };
const opened: Runner[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runner) => runner.close()));
});

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

describe("the agents of the main job", () => {
  test.each(["esbuild", "swc", "terser"])("%s delivers what a verifier passes", async (name) => {
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

  test("the cheat lies in three ways by turns and is failed each time", async () => {
    const [cheat, verifier] = [runnerOf("bargain"), runnerOf("check-b")];
    const reasons: unknown[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const call = { need: need("k", text.length), input };
      const worked = await cheat.call({ kind: "work", ...call }, options);
      if (worked.kind === "failed") throw new Error(worked.detail);
      const { output } = worked.value;
      const judged = await verifier.call({ kind: "judge", ...call, output }, options);
      expect(judged).toMatchObject({ kind: "ok", value: { verdict: "fail" } });
      if (judged.kind === "ok") reasons.push(judged.value.reason);
    }
    expect(reasons[2]).toContain("bytesOut");
    expect(reasons[0]).toContain("other bytes");
    expect(reasons[1]).toContain("other bytes");
  });

  test("each honest worker is the cheapest for files of one size", async () => {
    const cheapest = async (bytes: number): Promise<string | undefined> => {
      const file = { path: "a.js", text: "x".repeat(bytes) };
      const bids = await Promise.all(
        ["esbuild", "swc", "terser"].map(async (name) => {
          const call = { kind: "bid", need: need("k", bytes), input: file } as const;
          const bid = await runnerOf(name).call(call, options);
          return { name, price: Number((bid as { value: { price: string } }).value.price) };
        }),
      );
      return bids.sort((a, b) => a.price - b.price)[0]?.name;
    };
    expect(await cheapest(2_000)).toBe("terser");
    expect(await cheapest(8_000)).toBe("swc");
    expect(await cheapest(50_000)).toBe("esbuild");
  });

  test("the cheat bids on some needs only, below everybody", async () => {
    const cheat = runnerOf("bargain");
    const bids = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        cheat.call({ kind: "bid", need: need(`k${n}`, 1_000), input }, options),
      ),
    );
    const prices = bids.flatMap((bid) => (bid.kind === "ok" && "price" in bid.value ? [bid] : []));
    expect(prices.length).toBeGreaterThan(3);
    expect(prices.length).toBeLessThan(25);
  });

  test("the tasks are within the caps and their quorum can be filled", () => {
    const [task] = demoTasks([{ path: "p.js", absolute: "/p.js", bytes: 60 * 1024, order: "" }]);
    expect(task!.bounty).toBeLessThanOrEqual(rules.parameters.tiers.small.bountyMax);
    const strict = { ...rules.parameters, diversityOrgPpm: 300_000 };
    expect(quorumGap(task!, demoAgents(), strict)).toBeUndefined();
  });
});
