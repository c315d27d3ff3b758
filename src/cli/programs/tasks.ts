/**
 * Programming tasks: a declaration, tests, a right solution and one with a bug, as a line of JSON each in
 * the form of HumanEvalPack. The solutions go to the workers of the market and never into a need.
 */

import { codeOf } from "../input/agents.ts";
import { BadLines, problem } from "../input/bad-line.ts";
import { inputInvalid } from "../errors.ts";
import { isObject } from "../input/fields.ts";
import { linesOf } from "../input/lines-of.ts";
import { SAMPLE } from "./sample.ts";

export interface ProgramTask {
  readonly id: string;
  readonly prompt: string;
  readonly declaration: string;
  /** What follows the declaration. */
  readonly right: string;
  readonly buggy: string;
  /** The function that the tests call. */
  readonly entryPoint: string;
  readonly tests: string;
}

/** Our names and those of the data set. */
const FIELDS = {
  id: "task_id",
  prompt: "prompt",
  declaration: "declaration",
  right: "canonical_solution",
  buggy: "buggy_solution",
  entryPoint: "entry_point",
  tests: "test",
} as const satisfies Readonly<Record<keyof ProgramTask, string>>;

const NAME = /^[A-Za-z_$][\w$]*$/;

const readTask = (text: string): ProgramTask | string => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "it is no JSON";
  }
  if (!isObject(value)) return "it is no object";
  const row = value;
  const lacking = Object.values(FIELDS).find((field) => typeof row[field] !== "string");
  if (lacking !== undefined) return `"${lacking}" is no text`;
  const task = Object.fromEntries(
    Object.entries(FIELDS).map(([own, field]) => [own, row[field]]),
  ) as unknown as ProgramTask;
  return NAME.test(task.entryPoint) ? task : `"${FIELDS.entryPoint}" is no name`;
};

/** The tasks of a file, or the sample. Throws INPUT_INVALID with every line that is none. */
export const readPrograms = async (file: string | undefined): Promise<readonly ProgramTask[]> => {
  if (file === undefined) return SAMPLE;
  const bad = new BadLines();
  const tasks: ProgramTask[] = [];
  try {
    for await (const line of linesOf(file)) {
      const task = line.kind === "line" ? readTask(line.bytes.toString("utf8")) : "it is too long";
      if (typeof task === "string")
        bad.add(
          file,
          line.line,
          problem("FIELD_INVALID", task, "give it the fields of HumanEvalPack"),
        );
      else tasks.push(task);
    }
  } catch (error) {
    bad.add(file, 1, problem("FILE_UNREADABLE", `the file cannot be read (${codeOf(error)})`));
  }
  if (bad.total === 0 && tasks.length === 0)
    bad.add(file, 1, problem("TASKS_MISSING", "the file holds no task", "write one task a line"));
  if (bad.total > 0) throw inputInvalid(bad);
  return tasks;
};

/** The whole program with one of the two solutions. */
export const programOf = (task: ProgramTask, which: "right" | "buggy"): string =>
  task.declaration + task[which];
