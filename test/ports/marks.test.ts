import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { collectMarks, mark, MARKS } from "#ports/marks.ts";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(join("src", path), "utf8"));

it.each(Object.keys(MARKS))("%s stands in exactly one place", (name) => {
  const places = sources.flatMap((text) => text.split(`mark("${name}")`).slice(1));
  expect(places).toHaveLength(1);
});

it("collects the marks of one run, each once, and nothing outside of it", () => {
  mark("commit.refused");
  const taken = collectMarks();
  mark("host.rebuilt");
  mark("commit.silent");
  mark("host.rebuilt");
  expect(taken()).toEqual(["commit.silent", "host.rebuilt"]);
  mark("commit.refused");
  expect(collectMarks()()).toEqual([]);
});
