/**
 * Prompts. Inputs and outputs are strangers' words inside our own: they stand as one line of JSON, in
 * which no line can end, between marks that hold a boundary drawn by chance for each call. Whoever wrote
 * them could not know it.
 */

import { readFileSync } from "node:fs";
import type { Message } from "./usage.ts";

const load = (name: string): string =>
  readFileSync(new URL(`./prompts/${name}.txt`, import.meta.url), "utf8").trimEnd();

const WORKER = load("worker");
const JUDGE = load("judge");
const REPAIR = load("repair");

export interface PromptOptions {
  readonly capability: string;
  /** What the task is, in the operator's words. */
  readonly task: string | undefined;
  /** By chance and for this call alone; at least 128 bits. */
  readonly boundary: string;
}

/** Each name is replaced once and what replaces it is not looked at again. */
const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);

/** One value between its marks. JSON has no line ends inside, so no data can begin a line. */
const framed = (mark: "INPUT" | "OUTPUT", value: unknown, boundary: string): string => {
  // Two separators of Unicode end a line for some readers, and JSON lets them stand.
  const json = (JSON.stringify(value) ?? "null").replace(
    /[\u0085\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (json.includes(boundary)) throw new Error("a boundary must not occur in what it bounds");
  return `${mark} ${boundary}\n${json}\nEND ${boundary}`;
};

const system = (template: string, { capability, task, boundary }: PromptOptions): Message => ({
  role: "system",
  content: fill(template, {
    capability,
    task: task ?? "What is to be done follows from that name and from the input.",
    boundary,
  }),
});

export const workerPrompt = (input: unknown, options: PromptOptions): Message[] => [
  system(WORKER, options),
  { role: "user", content: framed("INPUT", input, options.boundary) },
];

export const judgePrompt = (input: unknown, output: unknown, options: PromptOptions): Message[] => [
  system(JUDGE, options),
  {
    role: "user",
    content: [
      framed("INPUT", input, options.boundary),
      framed("OUTPUT", output, options.boundary),
    ].join("\n"),
  },
];

/** The conversation so far, the answer that could not be used, and why. */
export const repairPrompt = (
  messages: readonly Message[],
  answer: string,
  why: string,
): Message[] => [
  ...messages,
  { role: "assistant", content: answer },
  { role: "user", content: fill(REPAIR, { why }) },
];
