/**
 * A model as a judge.
 *
 * J1  Only an answer that is exactly {verdict, reason} is a verdict. Anything else is asked for once more and
 *     is then an abstention: what cannot be read is never a pass.
 * J2  Input and output are strangers' words and stand between marks that they cannot know (prompt.ts).
 */

import { readAnswer } from "../runner/answers.ts";
import type { CallResult, JudgeAnswer } from "../runner/runner.ts";
import { sampleOf } from "../runner/wording.ts";
import { judgePrompt, repairPrompt, type PromptOptions } from "./prompt.ts";
import { objectIn } from "./read-json.ts";
import { QUESTIONS_MAX, type Say } from "./worker.ts";

/** The verdict, or why it is none, as the end of "it …". */
export const readVerdict = (text: string): JudgeAnswer | string => {
  const found = objectIn(text);
  if (typeof found === "string") return found;
  const { verdict, reason, ...more } = found.value;
  if (Object.keys(more).length > 0) return "has more fields than verdict and reason";
  if (typeof reason !== "string" || reason.trim() === "") return 'has no "reason"';
  // Of two verdicts a parser would take the last one.
  if ([...found.json.matchAll(/"verdict"\s*:/g)].length !== 1) return "has two verdicts";
  const read = readAnswer<"judge">("judge", { verdict, reason });
  return read.kind === "ok" ? read.value : read.detail.replace(/^its answer /, "");
};

export const askJudge = async (
  { input, output }: { readonly input: unknown; readonly output: unknown },
  options: PromptOptions,
  say: Say,
): Promise<CallResult<JudgeAnswer>> => {
  let messages = judgePrompt(input, output, options);
  for (let question = 1; ; question += 1) {
    const said = await say(messages);
    if (said.kind === "failed") return said;
    const { text, isCut } = said.value;
    const read = isCut ? "was cut at its limit of tokens" : readVerdict(text);
    if (typeof read !== "string") return { kind: "ok", value: read };
    if (isCut || question === QUESTIONS_MAX) {
      const reason = `the model's answer ${read}: ${sampleOf(text)}`;
      return { kind: "ok", value: { verdict: "abstain", reason } }; // J1
    }
    messages = repairPrompt(messages, text, read);
  }
};
