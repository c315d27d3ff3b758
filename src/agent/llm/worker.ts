/**
 * A model as a worker: it is given the input between marks and answers with an output. An answer that
 * cannot be used is asked for once more; then the try has failed.
 */

import { readAnswer } from "../runner/answers.ts";
import { failed, type CallResult, type Telemetry, type WorkAnswer } from "../runner/runner.ts";
import { sampleOf } from "../runner/wording.ts";
import type { Said } from "./chat.ts";
import { repairPrompt, workerPrompt, type PromptOptions } from "./prompt.ts";
import { objectIn } from "./read-json.ts";
import type { Message } from "./usage.ts";

export type Say = (messages: readonly Message[]) => Promise<CallResult<Said>>;

/** Questions of one call: the first, and one about an answer that could not be used. */
export const QUESTIONS_MAX = 2;

/** The answer, or why it is none, as the end of "it …". */
const readOutput = (text: string): CallResult<WorkAnswer> | string => {
  const found = objectIn(text);
  if (typeof found === "string") return found;
  const read = readAnswer<"work">("work", found.value);
  return read.kind === "failed" && read.code === "RUBBISH"
    ? read.detail.replace(/^its answer /, "")
    : read;
};

export const askWorker = async (
  input: unknown,
  options: PromptOptions,
  { say, telemetry }: { readonly say: Say; readonly telemetry: () => Telemetry },
): Promise<CallResult<WorkAnswer>> => {
  let messages = workerPrompt(input, options);
  for (let question = 1; ; question += 1) {
    const said = await say(messages);
    if (said.kind === "failed") return said;
    const { text, isCut } = said.value;
    const read = isCut ? "was cut at its limit of tokens" : readOutput(text);
    if (typeof read !== "string") {
      if (read.kind === "failed") return read;
      // What a model says of its own run is not a measurement.
      return { kind: "ok", value: { output: read.value.output, telemetry: telemetry() } };
    }
    // A longer answer would be cut again.
    if (isCut || question === QUESTIONS_MAX)
      return failed("RUBBISH", `its answer ${read}: ${sampleOf(text)}`);
    messages = repairPrompt(messages, text, read);
  }
};
