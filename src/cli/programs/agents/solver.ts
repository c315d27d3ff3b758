/**
 * A worker that knows solutions: a process that takes and gives a JSON object a line.
 *
 * Arguments: right | buggy | slow, and the file of the tasks where it is not the sample.
 */

import { createInterface } from "node:readline";
import { setTimeout as after } from "node:timers/promises";
import { programOf, readPrograms } from "../tasks.ts";

/** How long the slow one takes for an answer. */
const SLOW_MS = 3_000;

const [kind, file] = process.argv.slice(2);
const tasks = new Map((await readPrograms(file)).map((task) => [task.id, task]));

const answer = async (input: unknown): Promise<object> => {
  const task = tasks.get((input as { readonly id?: unknown })?.id as string);
  if (task === undefined) return { error: "this task is not known" };
  if (kind === "slow") await after(SLOW_MS);
  return { output: { code: programOf(task, kind === "buggy" ? "buggy" : "right") } };
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ping, input } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  if (ping !== undefined) say({ pong: ping });
  else void answer(input).then((answered) => say({ id, ...answered }));
}
