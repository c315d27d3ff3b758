import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { contentOf } from "#cli/swarm/content.ts";
import type { TaskLine } from "#cli/input/tasks.ts";

let folders: string[];
beforeEach(() => (folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "content-")))));
afterEach(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

const task = (change: Partial<TaskLine> = {}): TaskLine => ({
  id: "t1",
  capability: "job",
  input: { kind: "value", value: 1 },
  bounty: 1n,
  verifyBounty: 1n,
  tier: "small",
  kPlan: undefined,
  kResult: 2,
  deadlineMs: 1_000,
  line: 1,
  ...change,
});

const inFolder = (folder: string, text: string): TaskLine => {
  const path = join(folder, "a.txt");
  writeFileSync(path, text);
  return task({ input: { kind: "file", file: "a.txt", path } });
};

it("is the same for a line that moved in its file", async () => {
  expect(await contentOf(task({ line: 7 }))).toBe(await contentOf(task()));
});

it.each([
  ["input", { input: { kind: "value", value: 2 } }],
  ["bounty", { bounty: 2n }],
  ["quorum", { kResult: undefined }],
  ["deadline", { deadlineMs: 1_001 }],
] as const)("is another for another %s", async (_what, change) => {
  expect(await contentOf(task(change))).not.toBe(await contentOf(task()));
});

it("follows a file's content, not its place", async () => {
  const [here, there] = folders as [string, string];
  const first = await contentOf(inFolder(here, "one"));
  expect(await contentOf(inFolder(there, "one"))).toBe(first);
  expect(await contentOf(inFolder(here, "two"))).not.toBe(first);
});
