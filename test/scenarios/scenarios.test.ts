/**
 * Runs every scenario in this folder. `REWRITE=1 npx vitest run test/scenarios` writes the traces anew:
 * only for somebody who can say why each changed.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Script } from "./script.ts";

const FOLDER = import.meta.dirname;
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));

interface Block {
  readonly comments: readonly string[];
  readonly commands: readonly string[];
  readonly trace: readonly string[];
}

/** Blocks are parted by empty lines; each has commands, `----`, and a trace. */
const parse = (text: string): Block[] =>
  text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const lines = block.split("\n");
      const rule = lines.indexOf("----");
      const before = rule === -1 ? lines : lines.slice(0, rule);
      return {
        comments: before.filter((line) => line.startsWith("#")),
        commands: before.filter((line) => !line.startsWith("#")),
        trace: rule === -1 ? [] : lines.slice(rule + 1),
      };
    });

const render = (blocks: readonly Block[]): string =>
  blocks
    .map(({ comments, commands, trace }) =>
      [...comments, ...commands, ...(commands.length === 0 ? [] : ["----", ...trace])].join("\n"),
    )
    .join("\n\n") + "\n";

it("has scenarios", () => {
  expect(files.length).toBeGreaterThan(8);
});

it.each(files)("%s", async (file) => {
  const path = join(FOLDER, file);
  const text = readFileSync(path, "utf8");
  const script = new Script();
  const blocks: Block[] = [];
  for (const block of parse(text))
    blocks.push({
      ...block,
      trace: block.commands.length === 0 ? [] : await script.run(block.commands),
    });
  const { live, replayed } = await script.hashes();
  expect(replayed).toBe(live);
  const told = render(blocks);
  if (process.env["REWRITE"] === "1") writeFileSync(path, told);
  else expect(told).toBe(text);
});
