/** Lines: one persistent process that takes and gives one JSON object a line. */

import { LineSplitter } from "./line-splitter.ts";
import type { RunnerLimits } from "./limits.ts";
import type { StartPeer } from "./peer.ts";
import { startProgram, type Confine } from "./program.ts";
import { failed, type Failure } from "./runner.ts";
import { endSentence, mebibytes } from "./wording.ts";

export interface LinesOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly plans: boolean;
  readonly limits: RunnerLimits;
  readonly confine?: Confine;
}

export const linesPeer =
  ({ command, cwd, plans, limits, confine }: LinesOptions): StartPeer =>
  async ({ onText, onGone }) => {
    let failure: Failure | undefined;
    let kill = (): void => undefined;
    const stop = (why: Failure): void => {
      failure ??= why;
      kill();
    };
    const program = await startProgram(command, {
      cwd,
      stdin: "pipe",
      limits,
      ...(confine === undefined ? {} : { confine }),
      onMemory: (bytes) =>
        stop(failed("MEMORY", `it used ${mebibytes(bytes)} of memory, more than allowed`)),
    });
    if ("kind" in program) return program;
    kill = program.kill;
    const tooLong = (): void =>
      stop(
        failed("TOO_LARGE", `it printed a line longer than ${mebibytes(limits.answerBytesMax)}`),
      );
    const splitter = new LineSplitter(limits.answerBytesMax, onText, tooLong);
    program.stdout.on("data", (chunk: Buffer) => splitter.push(chunk));
    const gone = program.ended.then((end) => {
      onGone(failure ?? failed("EXIT", endSentence(end, program.stderrTail())));
    });
    return {
      asks: { bid: false, plan: plans },
      pid: program.pid,
      send: (text) => {
        program.stdin?.write(`${text}\n`);
      },
      end: () => {
        program.stdin?.end();
      },
      kill: program.kill,
      gone,
    };
  };
