/**
 * The second way to judge a minified file, for a tool that a verifier does not know: run the original and
 * what was delivered on the same probes and compare what can be seen from outside.
 *
 * Probes see only what they reach, so they say little with much care:
 *   fail      something differs
 *   abstain   the file cannot be run here; less than COVERAGE_MIN of either text ran, as V8 counts; or
 *             one of the small changes of changes.ts would have gone unnoticed
 *   pass      none of that
 *
 * The process they run in has no rights, but a thread of V8 is no wall against malice: code of strangers
 * belongs into the sandbox.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Judgement } from "../check.ts";
import { isModule, type SourceFile } from "../minifiers.ts";
import { changesOf } from "./changes.ts";
import type { ProbeAnswer, ProbeRequest } from "./probe-child.ts";

/** Percent of each text that must have run. */
export const COVERAGE_MIN = 80;
/** More small changes than this are not tried: the verdict is abstain. */
const CHANGES_MAX = 400;
/** For all probes of one delivery, by the clock; probe-child.ts ends them by the processor's time before. */
const PROBES_CLOCK_MS = 30_000;
const MEMORY_MEBIBYTES = 128;
const ANSWER_BYTES_MAX = 64 * 1024;

const CHILD = fileURLToPath(import.meta.resolve("#cli/demo/probe/probe-child.ts"));
const HERE = fileURLToPath(new URL(".", import.meta.url));

const abstain = (reason: string): Judgement => ({ verdict: "abstain", reason });

/** Comments gone and one statement a line, so that a change of it is a change of the program. */
const printed = async (text: string): Promise<string> => {
  const { transform } = await import("esbuild");
  return (await transform(text, { legalComments: "none", loader: "js", target: "esnext" })).code;
};

export const probe = async (file: SourceFile, delivered: string): Promise<Judgement> => {
  let changed: string[];
  try {
    changed = changesOf(await printed(file.text));
  } catch {
    return abstain("this verifier cannot read the file");
  }
  if (changed.length > CHANGES_MAX) return abstain("the file is too large to probe");
  const module = isModule(file);
  const answer = await ask({ module, original: file.text, delivered, changed });
  if (typeof answer === "string") return abstain(answer);
  const { calls, difference, covered, blind, why } = answer;
  if (calls === undefined) return abstain(`the file cannot be probed: ${why ?? "unknown"}`);
  if (difference !== undefined)
    return { verdict: "fail", reason: `behaves otherwise: ${difference.slice(0, 120)}` };
  const least = Math.min(...covered);
  if (least < COVERAGE_MIN) return abstain(`probes reach ${least} % of it, not ${COVERAGE_MIN} %`);
  if (blind) return abstain("probes do not see every small change of it");
  return {
    verdict: "pass",
    reason: `behaves the same in ${calls} calls that reach ${least} % of it`,
  };
};

/** The answer, or why there is none. */
const ask = (request: ProbeRequest): Promise<ProbeAnswer | string> =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        "--permission",
        `--allow-fs-read=${HERE}`,
        "--allow-inspector",
        "--experimental-vm-modules",
        "--disallow-code-generation-from-strings",
        "--no-warnings",
        `--max-old-space-size=${MEMORY_MEBIBYTES}`,
        CHILD,
      ],
      {
        env: {},
        stdio: ["pipe", "pipe", "ignore"],
        timeout: PROBES_CLOCK_MS,
        killSignal: "SIGKILL",
      },
    );
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.on("error", (error) => resolve(`probes could not be started: ${error.message}`));
    child.on("close", (code) => {
      if (code !== 0) return resolve("the probes ended before they had an answer");
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")) as ProbeAnswer);
      } catch {
        resolve("the probes gave no answer");
      }
    });
    // Gone before it has read everything: its end says why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(JSON.stringify(request));
  });
