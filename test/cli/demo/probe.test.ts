import { afterAll, describe, expect, test } from "vitest";
import { checkMinified } from "#cli/demo/check.ts";
import { byteLength, closeTools } from "#cli/demo/minifiers.ts";
import { changesOf } from "#cli/demo/probe/changes.ts";
import { COVERAGE_MIN, probe } from "#cli/demo/probe/probe.ts";

afterAll(closeTools);

const judged = (text: string, delivered: string, path = "a.js") => probe({ path, text }, delivered);

const SUM = "// adds\nexports.sum = function sum(first, second) {\n  return first + second;\n};\n";

describe("what probes say of a tool that nobody here knows", () => {
  test.each<[string, string, string, string]>([
    ["a script", "a.js", SUM, "exports.sum=function(a,b){return a+b};"],
    ["a module", "a.mjs", "export const add = (a, b) => a + b;\n", "export const add=(o,t)=>o+t;"],
    [
      "a class",
      "a.cjs",
      "module.exports = class Box {\n  double(n) {\n    return n * 2;\n  }\n};\n",
      "module.exports=class{double(e){return 2*e}};",
    ],
    [
      "a file that imports what is harmless",
      "a.js",
      'const { join } = require("node:path");\nexports.at = (name) => join("/root", name);\n',
      'const{join:t}=require("node:path");exports.at=o=>t("/root",o);',
    ],
  ])("%s that does the same passes", async (_, path, text, delivered) => {
    const { verdict, reason } = await judged(text, delivered, path);
    expect(`${verdict}: ${reason}`).toMatch(/^pass: behaves the same in \d+ calls .* 100 %/);
  });

  test.each([
    ["another operator", "exports.sum=function(a,b){return a-b};"],
    ["an export less", "(function(a,b){return a+b})"],
    ["another name", "exports.sun=function(a,b){return a+b};"],
    ["an export more", "exports.sum=function(a,b){return a+b};exports.extra=1;"],
    ["a changed argument", "exports.sum=function(a,b){if(a&&a.push)a.push(1);return a+b};"],
    ["nothing", ""],
    ["broken code", "exports.sum=function(a,b){return a+"],
    ["code that imports what the original does not", 'require("./b");'],
  ])("%s fails", async (_, delivered) => {
    expect(await judged(SUM, delivered)).toMatchObject({ verdict: "fail" });
  });

  const rare = (lines: number): string =>
    `exports.f = (a) => {\n  if (a === 77123456) {\n${"    a.go(1);\n".repeat(lines)}  }\n  return a;\n};\n`;

  test("below the least coverage it abstains, though everything seen is the same", async () => {
    const text = rare(30);
    const { verdict, reason } = await judged(text, text);
    expect(verdict).toBe("abstain");
    expect(reason).toMatch(new RegExp(`probes reach \\d+ % of it, not ${COVERAGE_MIN} %`));
  });

  test("what was delivered must be covered as well as the original", async () => {
    const delivered = `${SUM}if (exports.sum === 1) {${"exports.sum(1);".repeat(40)}}`;
    expect(await judged(SUM, delivered)).toMatchObject({
      verdict: "abstain",
      reason: expect.stringContaining("probes reach") as string,
    });
  });

  test("covered code whose changes nobody would notice is no ground for a verdict", async () => {
    const text = "let calls = 0;\nexports.count = () => {\n  calls = calls + 1;\n};\n";
    expect(await judged(text, text)).toMatchObject({
      verdict: "abstain",
      reason: expect.stringContaining("do not see every small change") as string,
    });
  });

  test.each([
    ["imports its neighbours", 'exports.x = require("./y");\n'],
    ["needs the file system", 'exports.x = require("node:fs").readFileSync("/etc/hosts");\n'],
    ["needs a process", "exports.x = process.argv;\n"],
    ["never ends", "for (;;);\n"],
    ["is no JavaScript", "let let = (\n"],
    ["makes code out of texts", 'exports.x = new Function("return 1")();\n'],
  ])("a file that %s is not judged", async (_, text) => {
    expect(await judged(text, text)).toMatchObject({ verdict: "abstain" });
  });

  test("a delivery that never ends is not passed, and ends", async () => {
    const { verdict } = await judged(SUM, "exports.sum=function(){for(;;);};");
    expect(verdict).not.toBe("pass");
  });

  test("clock and chance are the same for both", async () => {
    const text = "exports.now = () => [Date.now(), Math.random(), new Date().getTime()];\n";
    const delivered = "exports.now=()=>[Date.now(),Math.random(),(new Date).getTime()];";
    expect(await judged(text, delivered)).toMatchObject({ verdict: "pass" });
  });
});

test("the check takes this way for an unknown tool with a recipe, and for nothing else", async () => {
  const file = { path: "a.js", text: SUM };
  const deliver = (code: string, more: object) =>
    checkMinified(file, { code, bytesIn: byteLength(SUM), bytesOut: byteLength(code), ...more });
  const recipe = { tool: "mine", version: "1", options: {} };
  const good = "exports.sum=function(a,b){return a+b};";
  expect(await deliver(good, recipe)).toMatchObject({ verdict: "pass" });
  expect(await deliver(good, {})).toMatchObject({ verdict: "abstain" });
  expect(await deliver(good.replace("+", "-"), recipe)).toMatchObject({ verdict: "fail" });
  expect(await deliver(good, { ...recipe, bytesOut: 1 })).toMatchObject({ verdict: "fail" });
  expect(await deliver(good, { ...recipe, tool: "esbuild" })).toMatchObject({ verdict: "fail" });
});

test("changes are operators, constants and statements; texts count as a whole", () => {
  expect(changesOf('"use strict";\nexports.a = x => x + "a+b";\n')).toEqual([
    '"use strict";\nexports.a = x => x - "a+b";\n',
    '"use strict";\nexports.a = x => x + "a+b~";\n',
    '"use strict";\n',
  ]);
});
