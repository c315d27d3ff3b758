/**
 * Service: a program that the runner starts itself and that listens on a port of its choice. It tells the
 * port in the first line of its standard output: `{"port": 49152}`.
 *
 * V1  One process at a time, started when it is needed; who needs it while it starts waits for the same.
 * V2  One that ended is started again, twice as late after each failure in a row; a good answer ends the row.
 * V3  After `close` nothing of it is left (A1 to A3 of program.ts).
 */

import { setTimeout as wait } from "node:timers/promises";
import { parseObject } from "./answers.ts";
import type { RunnerLimits } from "./limits.ts";
import { LineSplitter } from "./line-splitter.ts";
import { startProgram, type Program } from "./program.ts";
import { failed, type Failure } from "./runner.ts";
import type { Command } from "./spec.ts";
import { endSentence, mebibytes } from "./wording.ts";

export interface ServiceOptions {
  readonly command: Command;
  readonly cwd: string;
  readonly limits: RunnerLimits;
}

/** Bytes of the line that tells the port. */
const PORT_LINE_BYTES_MAX = 4 * 1024;
const PORT_MAX = 65_535;

interface Running {
  readonly program: Program;
  readonly port: number;
}

export class Service {
  readonly #options: ServiceOptions;
  readonly #closing = new AbortController();
  #running: Running | undefined;
  #starting: Promise<Running | Failure> | undefined;
  #leaving: Promise<unknown> = Promise.resolve();
  #starts = 0;
  #failuresInRow = 0;
  #notBeforeMs = 0;
  #lastEnd: string | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Where it listens now; undefined while it does not run. */
  get port(): number | undefined {
    return this.#running?.port;
  }
  get pid(): number | undefined {
    return this.#running?.program.pid;
  }
  /** How the one before ended, for people. */
  get lastEnd(): string | undefined {
    return this.#lastEnd;
  }
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  /** The port of the running program, which is started where there is none. */
  async ready(signal: AbortSignal): Promise<number | Failure> {
    while (this.#running === undefined) {
      const either = AbortSignal.any([signal, this.#closing.signal]);
      if (either.aborted) return failed("STOPPED", "the call was stopped");
      const delayMs = this.#notBeforeMs - performance.now();
      if (delayMs > 0) {
        await wait(delayMs, undefined, { signal: either }).catch(() => undefined);
        continue;
      }
      this.#starting ??= this.#start().finally(() => (this.#starting = undefined)); // V1
      const started = await this.#starting;
      if ("kind" in started) return started;
    }
    return this.#running.port;
  }

  /** It gave a good answer. */
  worked(): void {
    this.#failuresInRow = 0;
    this.#lastEnd = undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#starting;
    await this.#leaving; // V3
  }

  async #start(): Promise<Running | Failure> {
    const { command, cwd, limits } = this.#options;
    let failure: Failure | undefined;
    let kill = (): void => undefined;
    const stop = (why: Failure): void => {
      failure ??= why;
      this.#running = undefined; // a dying one is not asked
      kill();
    };
    await this.#leaving; // V1
    if (this.#closing.signal.aborted) return failed("STOPPED", "the runner was closed");
    const onMemory = (bytes: number): void =>
      stop(failed("MEMORY", `it used ${mebibytes(bytes)} of memory, more than allowed`));
    this.#starts += 1;
    const program = await startProgram(command, { cwd, stdin: "pipe", limits, onMemory });
    if ("kind" in program) {
      this.#backOff();
      return program;
    }
    kill = program.kill;
    const port = firstLine(program);
    const late = setTimeout(() => {
      stop(failed("SPAWN", `it did not say where it listens within ${limits.serviceStartMs} ms`));
    }, limits.serviceStartMs);
    const stopIt = (): void => stop(failed("STOPPED", "the runner was closed"));
    this.#closing.signal.addEventListener("abort", stopIt, { once: true });
    if (this.#closing.signal.aborted) stopIt();
    const over = program.ended.then((end) => {
      this.#closing.signal.removeEventListener("abort", stopIt);
      this.#running = undefined;
      this.#backOff();
      const why = endSentence(end, program.stderrTail());
      this.#lastEnd = failure === undefined ? why : `${failure.detail}; ${why}`;
      return failed("SPAWN", why);
    });
    this.#leaving = over;
    const told = await Promise.race([port, over]);
    clearTimeout(late);
    if (typeof told === "number" && failure === undefined)
      return (this.#running = { program, port: told });
    kill();
    const ended = await over;
    return failure ?? (typeof told === "number" ? ended : told);
  }

  #backOff(): void {
    const { backoffMs, backoffMsMax } = this.#options.limits;
    const delayMs = Math.min(backoffMsMax, backoffMs * 2 ** this.#failuresInRow);
    this.#failuresInRow += 1;
    this.#notBeforeMs = performance.now() + delayMs;
  }
}

/** What the first line says; all further output is read and dropped. Its end is told by the program's. */
const firstLine = (program: Program): Promise<number | Failure> =>
  new Promise((resolve) => {
    const splitter = new LineSplitter(
      PORT_LINE_BYTES_MAX,
      (line) => resolve(portOf(line)),
      () => resolve(failed("RUBBISH", 'its first line is not {"port": …}')),
    );
    let isTold = false;
    program.stdout.on("data", (chunk: Buffer) => {
      if (!isTold) splitter.push(chunk);
      isTold ||= chunk.includes("\n");
    });
  });

const portOf = (line: string): number | Failure => {
  const parsed = parseObject(line);
  if (parsed.kind === "failed") return parsed;
  const { port } = parsed.value;
  return Number.isInteger(port) && (port as number) > 0 && (port as number) <= PORT_MAX
    ? (port as number)
    : failed("RUBBISH", `its first line is ${JSON.stringify(parsed.value)}, not {"port": …}`);
};
