import { expect, it } from "vitest";
import { LAYER_NAMES, inputsOf } from "../../layers.config.ts";
import { parse, sourceFiles, treeOf } from "./checkout.ts";
import { hiddenInputs, waits } from "./hidden-inputs.ts";

const filesOf = (...inputs: readonly string[]): readonly string[] =>
  LAYER_NAMES.flatMap((name) =>
    sourceFiles(`src/${name}`).filter((path) => inputs.includes(inputsOf(path, name))),
  );

const complaints = (files: readonly string[], rule: typeof waits): readonly string[] =>
  files.flatMap((path) => rule(treeOf(path)).map((what) => `${path}: ${what}`));

it("finds no clock, chance or world in pure and quiet layers", () => {
  const files = filesOf("pure", "quiet");
  expect(files.length).toBeGreaterThan(30);
  expect(complaints(files, hiddenInputs)).toEqual([]);
});

it("finds no waiting in pure layers", () => {
  expect(complaints(filesOf("pure"), waits)).toEqual([]);
});

it.each([
  "const a = Date.now()",
  "const a = new Date()",
  "const a = Math.random()",
  "setTimeout(() => {}, 1)",
  "const a = process.env['A']",
  "console.log(1)",
  "const a = performance.now()",
  "const a = fetch",
  "const a = { now: Date.now }",
  "const { random } = globalThis.Math",
  'import { randomBytes } from "node:crypto"',
  'import crypto from "node:crypto"',
  'import * as c from "node:crypto"',
])("catches a planted %s", (text) => {
  expect(hiddenInputs(parse(text))).not.toEqual([]);
});

it.each([
  "await x()",
  "const f = async () => 1",
  "for await (const x of y) x()",
  "new Promise((r) => r(1))",
])("catches a planted %s as waiting", (text) => {
  expect(waits(parse(text))).not.toEqual([]);
});

it.each([
  "const a = { process: 1, Date: 2 }.process",
  "interface A { readonly process: string }",
  'import { createHash, verify } from "node:crypto"',
])("lets %s pass", (text) => {
  expect(hiddenInputs(parse(text))).toEqual([]);
});
