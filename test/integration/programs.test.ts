import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Running, type Summary } from "./command.ts";

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "canswarm-programs-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Tasks of this test alone, in the form of the data set. */
const TASKS = [
  ["sum", "let total = 1; for (const n of given) total += n; return total; }", "return 0; }"],
  ["largest", "return Math.max(...given, 2); }", "return given[0]; }"],
  [
    "joined",
    'return given.join("") === "" ? 3 : given[1]; }',
    "for (const n of given) return n; }",
  ],
].map(([name, canonical_solution, buggy_solution], at) => ({
  task_id: `own/${name}`,
  prompt: "",
  declaration: `const ${name} = (given) => {\n`,
  canonical_solution,
  buggy_solution,
  entry_point: name,
  test: `console.assert(${name}([]) === ${at + 1}); console.assert(${name}([1, 4]) === ${[6, 4, 4][at]});`,
}));

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1)!;

it("finalizes a program that is right for every task, and none with a bug", async () => {
  const file = join(folder, "tasks.jsonl");
  writeFileSync(file, TASKS.map((task) => `${JSON.stringify(task)}\n`).join(""));
  const { code, stdout, stderr } = await new Running([
    "programs",
    "--tasks",
    file,
    "--data",
    join(folder, "data"),
    "--json",
  ]).ended;
  expect(stderr).not.toContain("Error");
  const told = JSON.parse(lastLine(stdout)) as Summary & {
    readonly buggy: {
      readonly tried: number;
      readonly rejected: number;
      readonly finalized: number;
    };
  };
  expect(told).toMatchObject({ needs: 3, finalized: 3, credits: { conserved: true } });
  expect(told.buggy).toEqual({ tried: 3, rejected: 3, finalized: 0 });
  expect(told.agents.find(({ name }) => name === "buggy")?.earned).toBe("0");
  // Judged once more without the sandbox and its tests: by calling what was paid for.
  for (const { id, output } of told.tasks) {
    const task = TASKS.find((one) => one.task_id === id)!;
    let held = 0;
    const console = { assert: (ok: boolean) => (held += ok ? 1 : -10) };
    runInNewContext(`${(output as { readonly code: string }).code}\n${task.test}`, { console });
    expect(held, id).toBe(2);
  }
  expect(code).toBe(0);
});

it("names every line that is no task, and makes nothing", async () => {
  const file = join(folder, "bad.jsonl");
  const [first] = TASKS;
  const lines = ["{", "[]", JSON.stringify({ ...first, test: 1 }), JSON.stringify(first)];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const { code, stdout, stderr } = await new Running(["programs", "--tasks", file]).ended;
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(`${file}:1 FIELD_INVALID it is no JSON`);
  expect(stderr).toContain(`${file}:2 FIELD_INVALID it is no object`);
  expect(stderr).toContain(`${file}:3 FIELD_INVALID "test" is no text`);
  expect(stderr).not.toContain(`${file}:4`);
});
