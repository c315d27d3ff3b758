/** A verifier: runs what the worker declares again and compares every byte; see check.ts. */

import { checkMinified, type Judgement } from "../check.ts";
import { closeTools } from "../minifiers.ts";
import { fileOf } from "./minify-worker.ts";

export const judge = async (ask: {
  readonly input: unknown;
  readonly output: unknown;
}): Promise<Judgement> => {
  const file = fileOf(ask.input);
  return file === undefined
    ? { verdict: "abstain", reason: "the input is no text file" }
    : checkMinified(file, ask.output);
};

export const close = closeTools;
