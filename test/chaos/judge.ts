/** Three judges of a run that has ended, which know nothing of each other. */

import type { CheckResult } from "#cli/audit/check.ts";
import { readLog, reckon } from "../integration/books.ts";
import { canswarm, summaryOf, type Summary } from "../integration/command.ts";
import type { Told } from "./life.ts";

export interface Case {
  readonly data: string;
  /** Of the process that ended the run. */
  readonly stdout: string;
  readonly needs: number;
  /** What its processes told, those that were killed included. */
  readonly told: readonly Told[];
}

export interface Judged {
  /** A sentence each; empty where all holds. */
  readonly wrong: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly entries: number;
}

export const judge = async ({ data, stdout, needs, told }: Case): Promise<Judged> => {
  const summary = summaryOf(stdout);
  const checked = await check(data, summary.stateHash);
  return {
    wrong: [...results(summary, needs), ...kept(summary, told), ...books(data), ...checked.wrong],
    outcomes: summary.outcomes,
    entries: checked.entries,
  };
};

/** Each need is finalized with the square that anybody can compute. */
const results = ({ tasks, credits }: Summary, needs: number): string[] => {
  const wrong: string[] = [];
  if (tasks.length !== needs) wrong.push(`${tasks.length} needs of ${needs}`);
  for (const { id, outcome, output } of tasks) {
    const right = JSON.stringify({ square: Number(id.slice(1)) ** 2 });
    if (outcome !== "finalized") wrong.push(`${id} is ${outcome}`);
    else if (JSON.stringify(output) !== right)
      wrong.push(`${id} was finalized with ${JSON.stringify(output)}`);
  }
  if (!credits.conserved) wrong.push("the summary's credits are not conserved");
  return wrong;
};

/** What was told before a death is so ever after, and is told once (E6). */
const kept = ({ tasks }: Summary, told: readonly Told[]): string[] => {
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { id, outcome } of told) {
    if (seen.has(id)) wrong.push(`${id} was told to have ended twice`);
    seen.add(id);
    const now = tasks.find((task) => task.id === id)?.outcome ?? "gone";
    if (now !== outcome) wrong.push(`${id} was told to be ${outcome} and is ${now}`);
  }
  return wrong;
};

/** The money, by a reader of the database that shares nothing with the product. */
const books = (data: string): readonly string[] => {
  try {
    return reckon(readLog(data)).wrong;
  } catch (error) {
    return [`the log cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
};

/** The protocol's promises, and the replay. */
const check = async (
  data: string,
  state: string,
): Promise<{ wrong: readonly string[]; entries: number }> => {
  const { code, stdout, stderr } = await canswarm("check", data, "--ended", "--json").ended;
  if (stdout === "") return { wrong: [`canswarm check ended with ${code}: ${stderr}`], entries: 0 };
  const { properties, entries, stateHash } = JSON.parse(stdout) as CheckResult;
  const wrong = properties.flatMap(({ property, violations }) =>
    violations.map(({ what }) => `${property}: ${what}`),
  );
  if (stateHash !== state) wrong.push("the replay ends in another state than the run");
  return { wrong, entries };
};
