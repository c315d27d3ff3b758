import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { minifyHonestly } from "#cli/demo/agents/minify-worker.ts";
import { chooseFiles } from "#cli/demo/files.ts";
import { closeTools, TOOLS, type Minified } from "#cli/demo/minifiers.ts";
import { demoJudge } from "./demo-judge.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const WANTED = 16;

interface Delivered {
  readonly path: string;
  readonly output: Minified;
}

let delivered: Delivered[] = [];
beforeAll(async () => {
  const { files } = await chooseFiles(ROOT, WANTED);
  const all = files.flatMap(({ path, absolute }) =>
    TOOLS.map(async (tool): Promise<Delivered[]> => {
      const input = { path, text: readFileSync(absolute, "utf8") };
      const output = await minifyHonestly(tool, input).catch(() => undefined);
      return output === undefined ? [] : [{ path, output }];
    }),
  );
  delivered = (await Promise.all(all)).flat();
}, 60_000);
afterAll(closeTools);

const asLines = (all: readonly Delivered[]): string =>
  all.map((one) => `${JSON.stringify(one)}\n`).join("");

test("whoever has the file and the declaration makes the same bytes, with every tool", async () => {
  expect(delivered.length).toBeGreaterThan((WANTED * TOOLS.length * 9) / 10);
  expect(new Set(delivered.map(({ output }) => output.tool)).size).toBe(TOOLS.length);
  expect(await demoJudge(["-"], asLines(delivered))).toEqual({
    code: 0,
    out: `${delivered.length} results, 0 differences\n`,
  });
}, 60_000);

test("an option that was used and not declared shows", async () => {
  const hidden = delivered
    .filter(({ output }) => output.options["module"] === true)
    .map(({ path, output }) => {
      const { module: _, ...options } = output.options;
      return { path, output: { ...output, options } };
    });
  expect(hidden.length).toBeGreaterThan(4);
  const { code, out } = await demoJudge(["-"], asLines(hidden));
  expect(code).toBe(1);
  expect(out).toMatch(/terser [\d.]+ makes other code\n/);
  expect(out).toMatch(/'import', and 'export' cannot be used outside of module code\n/);
}, 60_000);
