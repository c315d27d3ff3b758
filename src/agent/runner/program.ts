/**
 * Program: one started process of an agent, with everything that it starts.
 *
 * Owns the process group, the end of standard error and the look at memory and life. Does not own what
 * is said over standard input and output.
 *
 * A1  The process leads its own group, and the guardian knows the group before the program runs.
 * A2  `kill` takes the whole group and every descendant that left it, stopped ones too.
 * A3  When the first process ends, whatever it left behind is killed.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Place } from "../sandbox/confine.ts";
import { GATE_SCRIPT, GATE_WORD, SHELL, guard, release } from "./guardian.ts";
import type { RunnerLimits } from "./limits.ts";
import { isAlive, processTree, residentBytes } from "./process-tree.ts";
import { failed, type Failure } from "./runner.ts";
import { tailOf } from "./wording.ts";

/** How long the streams of an ended process may stay open, held by one who left its group. */
const STREAMS_CLOSE_MS = 1_000;

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly pid: number;
  /** Undefined where standard input is a file. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** The first process has ended, nothing of its group is left, its streams are read to their end. */
  readonly ended: Promise<ProgramEnd>;
  stderrTail(): string;
  isAlive(): boolean;
  readonly kill: () => void;
}

export interface ProgramOptions {
  readonly cwd: string;
  /** A descriptor to read the input from, or a pipe. */
  readonly stdin: number | "pipe";
  readonly limits: RunnerLimits;
  readonly onMemory: (bytes: number) => void;
  /** Where it is to run as a guest: the command that builds the sandbox around it. */
  readonly confine?: Confine;
}

/** Makes the command of a sandbox for a program, or says why there can be none. */
export type Confine = (program: string, args: readonly string[]) => Place | Failure;

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** Where the shell would find the program; the gate itself could only answer "127". */
export const findProgram = (program: string, cwd: string): string | undefined => {
  const candidates = program.includes("/")
    ? [resolve(cwd, program)]
    : (process.env["PATH"] ?? "")
        .split(delimiter)
        .map((folder) => join(isAbsolute(folder) ? folder : resolve(cwd, folder), program));
  return candidates.find(isExecutable);
};

const killTree = (pid: number): void => {
  const strays = processTree(pid).filter((process) => process.group !== pid);
  for (const target of [-pid, ...strays.map((stray) => stray.pid)]) {
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // Nobody there any more, which is what was wanted.
    }
  }
};

/** Keeps the last bytes of a stream that may never end. */
const keepTail = (stream: Readable, bytesMax: number): (() => string) => {
  let tail = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-bytesMax);
  });
  return () => tailOf(tail.toString("utf8"));
};

const watchMemory = (pid: number, { limits, onMemory }: ProgramOptions): NodeJS.Timeout => {
  const timer = setInterval(() => {
    const bytes = residentBytes(processTree(pid));
    if (bytes <= limits.memoryBytesMax) return;
    clearInterval(timer);
    onMemory(bytes);
  }, limits.memoryEveryMs);
  return timer;
};

const endOf = (child: ChildProcess, pid: number, watch: NodeJS.Timeout): Promise<ProgramEnd> =>
  new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      clearInterval(watch);
      killTree(pid); // A3
      release(pid);
      const late = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, STREAMS_CLOSE_MS);
      child.once("close", () => {
        clearTimeout(late);
        resolve({ code, signal });
      });
    });
  });

/** The shell behind which the program will run, or why there is none. */
const spawnGate = async (
  name: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<{ readonly child: ChildProcess; readonly pid: number } | Failure> => {
  const program = findProgram(name, options.cwd);
  if (program === undefined)
    return failed("SPAWN", `"${name}" is not a program that can be executed`);
  const place = options.confine?.(program, args);
  if (place?.kind === "failed") return place;
  try {
    const command = place?.command ?? [program, ...args];
    const child = spawn(SHELL, ["-c", GATE_SCRIPT, "canswarm-gate", ...command], {
      // A guest's own user may have no way to our folders; its builder changes to them inside.
      ...(place === undefined ? { cwd: options.cwd } : { cwd: "/", env: {} }),
      detached: true, // A1
      stdio: [options.stdin, "pipe", "pipe", "pipe", ...(place?.files ?? [])],
    });
    if (child.pid === undefined) throw (await once(child, "error"))[0];
    return { child, pid: child.pid };
  } catch (error) {
    // Some errors are emitted and some thrown: too long arguments, no memory.
    return failed("SPAWN", `"${name}" could not be started: ${(error as Error).message}`);
  } finally {
    place?.release();
  }
};

/**
 * Start a program. Whoever calls this must listen to `stdout` before awaiting anything else: what an
 * ended process printed is dropped where nobody listens.
 */
export const startProgram = async (
  [name, ...args]: readonly [string, ...string[]],
  options: ProgramOptions,
): Promise<Program | Failure> => {
  const spawned = await spawnGate(name, args, options);
  if ("kind" in spawned) return spawned;
  const { child, pid } = spawned;
  child.on("error", () => undefined); // a kill that came too late; the exit is what counts
  let over = false; // from then on the number may be somebody else's
  const ended = endOf(child, pid, watchMemory(pid, options));
  child.once("exit", () => (over = true));
  const kill = (): void => {
    if (!over) killTree(pid);
  };
  const stderrTail = keepTail(child.stderr!, options.limits.stderrBytesMax);
  // A program may close its input early or be gone before the word: its end tells, not the pipe.
  child.stdin?.on("error", () => undefined);
  const gate = child.stdio[3] as Writable;
  gate.on("error", () => undefined);
  try {
    await guard(pid); // U1
  } catch (error) {
    kill();
    await ended;
    return failed("SPAWN", `no guardian could be started: ${(error as Error).message}`);
  }
  gate.end(GATE_WORD);
  return {
    pid,
    stdin: child.stdin ?? undefined,
    stdout: child.stdout!,
    ended,
    stderrTail,
    isAlive: () => !over && isAlive(processTree(pid)),
    kill,
  };
};
