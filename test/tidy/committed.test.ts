import { expect, it } from "vitest";
import { FILES, read } from "./checkout.ts";

/** Folders of somebody's machine; spelled in parts, so that this file does not name one. */
const MACHINE_PATH = new RegExp(
  `(?<![\\w.])/(?:${["ho" + "me", "wo" + "rk", "ro" + "ot", "Us" + "ers", "mn" + "t"].join("|")})/\\w`,
);
/** Where packages come from is the machine's affair, not the project's. */
const REGISTRY = new RegExp(["registry", "npmjs"].join("\\."), "i");

const TEXT = /\.(ts|mjs|js|json|jsonl|md|txt|html|css|yml|yaml)$|^\.ci\/run$|^\.\w+$/;
const texts = FILES.filter((path) => TEXT.test(path));

it("looks at the committed texts", () => {
  expect(texts).toEqual(expect.arrayContaining(["package.json", "package-lock.json", ".ci/run"]));
});

it("names no folder of a machine", () => {
  expect(texts.filter((path) => MACHINE_PATH.test(read(path)))).toEqual([]);
  expect(MACHINE_PATH.test(["see ", "wo" + "rk", "x"].join("/"))).toBe(true);
});

it("names no package registry", () => {
  expect(texts.filter((path) => REGISTRY.test(read(path)))).toEqual([]);
});

it("commits nothing that is built or installed", () => {
  const built = FILES.filter((path) => /^(dist|node_modules)\//.test(path));
  expect(built).toEqual([]);
});

it("runs in CI what the README tells to run", () => {
  expect(read(".ci/run")).toMatch(/^exec npm test$/m);
  expect(read("README.md")).toContain("npm test");
});
