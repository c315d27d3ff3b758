/** T2: any program, as a guest of bubblewrap, from its start to its end. */

import { inputFile } from "../runner/input-file.ts";
import { RUNNER_LIMITS } from "../runner/limits.ts";
import { startProgram, type Program } from "../runner/program.ts";
import { endSentence, mebibytes } from "../runner/wording.ts";
import { t2State } from "./bubblewrap.ts";
import { guestConfiner } from "./guest.ts";
import { MEMORY_EVERY_MS, type GuestLimits } from "./limits.ts";
import { stopped, type Outcome } from "./outcome.ts";

export interface ProgramRequest {
  readonly tier: "T2";
  /** Program and arguments; `node` is this Node where the machine has no other. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly stdin?: string | Uint8Array;
  /** Shown read-only, and the current folder; without it the guest sees nothing of ours. */
  readonly cwd?: string;
  readonly reads?: readonly string[];
  readonly hidden?: readonly string[];
}

const collect = (program: Program, bytesMax: number, onTooMuch: () => void): (() => string) => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  program.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else onTooMuch();
  });
  return () => Buffer.concat(chunks).toString("utf8");
};

/** The kernel ends what has used up its processor time; told as what it is. */
const OUT_OF_TIME = new Set(["SIGXCPU"]);
/** 128 and the number of SIGXCPU, as a shell tells it. */
const OUT_OF_TIME_CODE = 152;

export const runProgram = async (
  request: ProgramRequest,
  limits: GuestLimits,
): Promise<Outcome> => {
  const state = t2State();
  if (state.kind === "absent") return { kind: "absent", detail: state.why };
  const { cwd, reads = [], hidden = [], command, stdin = "" } = request;
  let why: Outcome | undefined;
  let kill = (): void => undefined; // until there is a program
  const stop = (reason: Outcome): void => {
    why ??= reason;
    kill();
  };
  const input = await inputFile(stdin);
  const started = await startProgram(command, {
    cwd: cwd ?? "/",
    stdin: input.fd,
    limits: {
      ...RUNNER_LIMITS,
      memoryBytesMax: limits.memoryBytes,
      memoryEveryMs: MEMORY_EVERY_MS,
    },
    confine: guestConfiner({ cwd, reads, hidden, limits }),
    onMemory: (bytes) => stop(stopped("MEMORY", `it used ${mebibytes(bytes)} of memory`)),
  });
  if ("kind" in started) {
    await input.close();
    return { kind: "failed", detail: started.detail, stdout: "" };
  }
  kill = started.kill;
  const printed = collect(started, limits.outputBytes, () =>
    stop(stopped("OUTPUT", `it printed more than ${limits.outputBytes} bytes`)),
  );
  const deadline = setTimeout(
    () => stop(stopped("TIME", `it ran longer than ${limits.timeMs} ms`)),
    limits.timeMs,
  );
  await input.close(); // the guest has its own copy
  const end = await started.ended;
  clearTimeout(deadline);
  if (why !== undefined) return why;
  if (end.code === 0) return { kind: "ok", stdout: printed() };
  if (OUT_OF_TIME.has(end.signal ?? "") || end.code === OUT_OF_TIME_CODE)
    return stopped("TIME", "it used up its processor time");
  return { kind: "failed", detail: endSentence(end, started.stderrTail()), stdout: printed() };
};
