import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { planOf } from "#sim/plan/draw.ts";
import { selected } from "#sim/plan/select.ts";
import { simulate } from "#sim/run/simulate.ts";
import { settled } from "./small-world.ts";

/** A seed with hostile agents of many kinds, cut down to what is quick. */
const plan = selected(planOf(112), {
  needs: Array.from({ length: 20 }, (_, i) => i),
  safetyMs: 20_000,
});
const check = () => ({ violations: [], notCovered: [] });

it("gives the same trace for the same seed, twice, and in another time zone and locale", async () => {
  const [one, two] = [
    await simulate({ plan, settled, check }),
    await simulate({ plan, settled, check }),
  ];
  expect(two.traceHash).toBe(one.traceHash);
  expect(two.stateHash).toBe(one.stateHash);
  const script = `
    const { planOf } = await import("#sim/plan/draw.ts");
    const { selected } = await import("#sim/plan/select.ts");
    const { simulate } = await import("#sim/run/simulate.ts");
    const needs = Array.from({ length: 20 }, (_, i) => i);
    const report = await simulate({
      plan: selected(planOf(112), { needs, safetyMs: 20_000 }),
      settled: () => new Promise(setImmediate),
      check: () => ({ violations: [], notCovered: [] }),
    });
    process.stdout.write(report.traceHash);
  `;
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const child = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { cwd: root, env: { ...process.env, TZ: "Pacific/Apia", LC_ALL: "tr_TR.UTF-8" } },
  );
  expect(child.stdout).toBe(one.traceHash);
});
