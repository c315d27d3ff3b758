import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { minifyHonestly } from "#cli/demo/agents/minify-worker.ts";
import { cheatOn, CHEATS } from "#cli/demo/cheats.ts";
import { closeTools, isModule, TOOLS } from "#cli/demo/minifiers.ts";
import { recompute } from "#cli/demo/recompute.ts";

const SOURCES = {
  "script.js": `"use strict";
exports.sum = (values) => values.reduce((total, one) => total + one, 0);
import("node:fs").then(() => undefined);
function unused() { return exports.sum([1]) === 1 && true; }
`,
  "module.js": `import { join } from "node:path";
export const both = (a, b) => (a === b ? join(a, b) : join(b, a));
`,
  "common.cjs": `#!/usr/bin/env node
module.exports = function add(first, second) { return first + second; };
`,
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-recompute-"));
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(folder, name), text);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await closeTools();
});

const finalized = (path: string, output: unknown) => ({
  path,
  absolute: join(folder, path),
  output,
});
const names = Object.keys(SOURCES);
const each = TOOLS.flatMap((tool) => names.map((name) => [tool, name] as const));
const made = (tool: (typeof TOOLS)[number], path: string) =>
  minifyHonestly(tool, { path, text: readFileSync(join(folder, path), "utf8") });

describe("results made once more", () => {
  test.each(each)("%s on %s comes out the same", async (tool, path) => {
    expect(await recompute([finalized(path, await made(tool, path))])).toEqual([]);
  });

  test.each(CHEATS)("the lie %s is a difference", async (cheat) => {
    const lie = cheatOn(cheat, await made("esbuild", "script.js"));
    expect(await recompute([finalized("script.js", lie)])).toHaveLength(1);
  });

  test("another version, an unknown tool and no output are differences", async () => {
    const honest = await made("swc", "module.js");
    const results = [{ ...honest, version: "0.0.1" }, { ...honest, tool: "cp" }, undefined].map(
      (output) => finalized("module.js", output),
    );
    expect(await recompute(results)).toHaveLength(3);
  });
});

test.each([
  ["exports.a = 1;", false],
  ["  exportsOf(1)", false],
  ['import("a");', false],
  ["importScripts('a')", false],
  ['import "a";', true],
  ["import a from 'a'", true],
  ["export{a}", true],
  ["export default 1", true],
  ["import{a}from'a'", true],
])("%s: a module: %s", (text, expected) => {
  expect(isModule({ path: "a.js", text })).toBe(expected);
});
