/**
 * Whether a program passes its tests, found out in the sandbox (tier T1, which every machine has).
 *
 * J1  Program and tests live in two realms of two runtimes. Only texts pass between them: arguments one
 *     way, a value or an exception the other. So a program can answer what it likes, and change nothing
 *     that counts tests, compares values or tells the verdict.
 * J2  Only tests that ran to their end, at least one of them, pass.
 * J3  A program that does not end, floods or asks for too much fails.
 */

import type { Outcome } from "#agent/sandbox/outcome.ts";
import { runUntrusted } from "#agent/sandbox/run.ts";
import { COPYING } from "./copying.ts";

export interface Work {
  /** The whole program of the worker. */
  readonly code: string;
  /** Statements that call `entryPoint` and `console.assert`. */
  readonly tests: string;
  readonly entryPoint: string;
  /** The requester's: ends with the head of the entry point; what stands above it is for the tests too. */
  readonly declaration: string;
}

export interface Judgement {
  readonly verdict: "pass" | "fail";
  readonly reason: string;
}

const MEBIBYTE = 1024 * 1024;
/** The tests of one task take milliseconds; a program that needs longer than this is none. */
const TIME_MS_MAX = 10_000;
const LIMITS = { memoryBytes: 256 * MEBIBYTE, outputBytes: MEBIBYTE };

/** The worker's realm: a text of arguments in, a text of what the program made of them out. */
const ANSWERING = `
const silent = () => undefined;
const console = { log: silent, info: silent, warn: silent, error: silent, debug: silent, assert: silent };
const { code, entryPoint } = given;
const solution = new Function("console", code + "\\n;return " + entryPoint + ";")(console);
return (text) => pack(solution(...unpack(text)));
`;

/** The requester's realm. The declaration's last function is open: it is closed and left aside. */
const TESTING = `
const { tests, entryPoint, declaration } = given;
let ran = 0;
let failed = 0;
const silent = () => undefined;
const console = { log: silent, info: silent, warn: silent, error: silent, debug: silent,
  assert: (ok) => { ran += 1; if (!ok) failed += 1; } };
const names = [...declaration.matchAll(/^(?:const|let|var|function) +([\\w$]+)/gm)]
  .map(([, name]) => name).filter((name) => name !== entryPoint);
const beside = new Function(declaration + "\\n}\\n;return [" + names.join() + "];")();
const solution = (...args) => unpack(ask(pack(args)));
try {
  new Function("console", entryPoint, ...names, tests)(console, solution, ...beside);
} catch (error) {
  return { ran, failed, threw: String(error).slice(0, 200) };
}
return { ran, failed };
`;

/** A script whose last value is what `body`, a function of `given`, returns. */
const scriptOf = (body: string, given: object): string =>
  `((given) => { ${COPYING} ${body} })(${JSON.stringify(given)})`;

const run = ({ code, tests, entryPoint, declaration }: Work, timeMs: number): Promise<Outcome> =>
  runUntrusted(
    {
      tier: "T1",
      script: scriptOf(TESTING, { tests, entryPoint, declaration }),
      asked: scriptOf(ANSWERING, { code, entryPoint }),
    },
    { ...LIMITS, timeMs },
  );

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;
const fail = (reason: string): Judgement => ({ verdict: "fail", reason });

/** What the requester's realm told. The tests are the requester's, and may spoil their own verdict only. */
const judgementOf = (told: string): Judgement => {
  const { ran, failed, threw } = JSON.parse(told) as {
    readonly ran: number;
    readonly failed: number;
    readonly threw?: string;
  };
  if (threw !== undefined) return fail(`it threw: ${threw}`);
  if (ran === 0) return fail("no test was run"); // J2
  if (failed > 0) return fail(`${failed} of ${plural(ran, "test")} failed`);
  return { verdict: "pass", reason: `${plural(ran, "test")} passed in the sandbox (T1)` };
};

/** Run the tests against the program. Throws nothing of the program's. */
export const judgeProgram = async (work: Work, timeMs = TIME_MS_MAX): Promise<Judgement> => {
  const outcome = await run(work, timeMs);
  switch (outcome.kind) {
    case "ok":
      return outcome.value === undefined ? fail("no test was run") : judgementOf(outcome.value);
    case "stopped":
      return fail(`it was stopped: ${outcome.why}, ${outcome.detail}`); // J3
    case "failed":
    case "absent":
      return fail(`its tests could not be run: ${outcome.detail}`);
  }
};
