import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunSummary } from "#cli/summary.ts";
import { canswarm, lastJson } from "../command-line.ts";
import { demoJudge } from "./demo-judge.ts";

let dir = "";
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), "canswarm-demo-"))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// The files are those of the installed packages, so what is saved differs with them; the market does not.
it("the main job finalizes every file, rejects every cheat and finds no difference", async () => {
  const ran = await canswarm(["demo", "--files", "8", "--data", join(dir, "a"), "--json"]);
  expect({ code: ran.code, lines: ran.out.trimEnd().split("\n").length }).toEqual({
    code: 0,
    lines: 1,
  });
  const summary = lastJson<
    RunSummary & {
      readonly differences: readonly unknown[];
      readonly mutants: readonly { readonly tried: number; readonly missed: number }[];
    }
  >(ran);
  expect(summary).toMatchObject({ needs: 8, finalized: 8, differences: [] });
  expect(summary.credits.conserved).toBe(true);
  expect(summary.mutants.reduce((sum, { tried }) => sum + tried, 0)).toBeGreaterThan(200);
  expect(summary.mutants.reduce((sum, { missed }) => sum + missed, 0)).toBe(0);
  const cheats = summary.agents.filter(({ name }) => name.startsWith("cheat-"));
  expect(cheats.map(({ finalized }) => finalized)).toEqual([0, 0, 0, 0]);
  expect(ran.err).toMatch(
    /The first 8 of [\d,]+ dependency files of 1 to 60 KB, by sha256\(path\):/,
  );
}, 60_000);

it("prints the files, the market and a report that says how to check it", async () => {
  const { code, out } = await canswarm(["demo", "--files", "3", "--data", join(dir, "b")]);
  expect(code).toBe(0);
  const told = out.slice(out.indexOf("\n\n"), out.indexOf("\n\nfile"));
  expect(Math.max(...told.split("\n").map((line) => line.length))).toBeLessThan(80);
  expect(out).toMatch(/needs {5}3 of 3 finalized in /);
  expect(out).toContain("3 results made once more by other code: 0 differences");
  const audit = join(dir, "b", "audit.jsonl");
  expect(out).toContain(`npx canswarm replay ${audit}\n`);
  expect(await canswarm(["replay", audit])).toMatchObject({ code: 0 });
  const judged = await demoJudge([audit]);
  expect(judged.code).toBe(0);
  expect(judged.out).toMatch(
    /\n3 FINALIZED artifacts recomputed, 0 differ; (\d+) cheats tried, \1 caught\n/,
  );
}, 60_000);
