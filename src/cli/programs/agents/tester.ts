/** A verifier: runs the tests of the need against the code of the worker, in the sandbox. */

import { judgeProgram, type Judgement } from "../judge.ts";

interface Abstention {
  readonly verdict: "abstain";
  readonly reason: string;
}

const textOf = (value: unknown, field: string): string | undefined => {
  const found = (value as Readonly<Record<string, unknown>> | null)?.[field];
  return typeof found === "string" ? found : undefined;
};

export const judge = async (ask: {
  readonly input: unknown;
  readonly output: unknown;
}): Promise<Judgement | Abstention> => {
  const [tests, entryPoint, declaration] = ["tests", "entryPoint", "declaration"].map((field) =>
    textOf(ask.input, field),
  );
  if (tests === undefined || entryPoint === undefined || declaration === undefined)
    return { verdict: "abstain", reason: "the input is no programming task" };
  const code = textOf(ask.output, "code");
  if (code === undefined) return { verdict: "fail", reason: "the output holds no code" };
  return judgeProgram({ code, tests, entryPoint, declaration });
};
