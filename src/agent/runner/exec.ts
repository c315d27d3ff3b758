/**
 * Exec: one process for each call; one JSON object on its standard input, one on its standard output.
 *
 * X1  The answer counts only when the process has ended by itself with exit code 0.
 * X2  The input is an unlinked file, so a program may read it at once, late, by path or never.
 * X3  Each start, each good answer and each pulse of a living process is a sign of life for the calls
 *     that wait: a program whose calls end before the first pulse shows it by ending well.
 */

import type { FileHandle } from "node:fs/promises";
import { parseObject, readAnswer, requestOf } from "./answers.ts";
import { Gate } from "./gate.ts";
import { inputFile } from "./input-file.ts";
import type { RunnerLimits } from "./limits.ts";
import { startProgram, type Confine, type Program } from "./program.ts";
import {
  failed,
  type Answers,
  type Asks,
  type Call,
  type CallOptions,
  type CallResult,
  type Failure,
  type Runner,
  type RunnerStats,
} from "./runner.ts";
import { Tally } from "./tally.ts";
import { endSentence, mebibytes } from "./wording.ts";

export interface ExecOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly plans: boolean;
  readonly limits: RunnerLimits;
  readonly confine?: Confine;
}

export class ExecRunner implements Runner {
  readonly #options: ExecOptions;
  readonly #gate: Gate;
  readonly #tally = new Tally();
  readonly #closing = new AbortController();
  readonly #open = new Set<Promise<unknown>>();

  constructor(options: ExecOptions) {
    this.#options = options;
    this.#gate = new Gate(options.limits.execCallsMax, options.limits.queueCallsMax);
  }

  start(): Promise<CallResult<Asks>> {
    return Promise.resolve({ kind: "ok", value: { bid: false, plan: this.#options.plans } });
  }

  call<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const result = this.#tally.count(this.#queueAndRun<K>(call, options));
    this.#open.add(result);
    void result.finally(() => this.#open.delete(result));
    return result;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#gate.close();
    await Promise.all(this.#open);
  }

  stats(): RunnerStats {
    return this.#tally.read([this.#gate]);
  }

  async #queueAndRun<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>> {
    const request = JSON.stringify(requestOf(call));
    if (Buffer.byteLength(request) > this.#options.limits.requestBytesMax)
      return failed("TOO_LARGE", "the request is above the limit of this runner");
    const entry = await this.#gate.enter(options.signal, options.onAlive);
    if (entry.kind === "full") return failed("FULL", "too many calls wait for this program");
    if (entry.kind === "gone") return failed("STOPPED", "the call was stopped while it waited");
    try {
      const text = await this.#run(`${request}\n`, options);
      if (typeof text !== "string") return text;
      const parsed = parseObject(text);
      const answer = parsed.kind === "ok" ? readAnswer<K>(call.kind, parsed.value) : parsed;
      if (answer.kind === "ok") this.#gate.alive(); // X3
      return answer;
    } finally {
      entry.leave();
    }
  }

  /** One process from start to end: what it printed, or why that does not count. */
  async #run(request: string, call: CallOptions): Promise<string | Failure> {
    const { command, cwd, limits, confine } = this.#options;
    let failure: Failure | undefined;
    let kill = (): void => undefined; // until there is a program
    const stop = (why: Failure): void => {
      failure ??= why; // the first reason is the reason
      kill();
    };
    let input: FileHandle;
    try {
      input = await inputFile(request);
    } catch (error) {
      return failed("SPAWN", `the input could not be written: ${(error as Error).message}`);
    }
    const onMemory = (bytes: number): void =>
      stop(failed("MEMORY", `it used ${mebibytes(bytes)} of memory, more than allowed`));
    const started = await startProgram(command, {
      cwd,
      stdin: input.fd,
      limits,
      onMemory,
      ...(confine === undefined ? {} : { confine }),
    });
    if ("kind" in started) {
      await input.close();
      return started;
    }
    kill = started.kill;
    call.onAlive?.(); // X3
    this.#gate.alive();
    // Before anything is awaited: what an ended process printed and nobody listens to is dropped.
    const printed = this.#collect(started, stop);
    const release = this.#watch(started, call, stop);
    await input.close(); // the child has its own copy
    const end = await started.ended;
    release();
    const stderr = started.stderrTail();
    if (failure !== undefined)
      return stderr === ""
        ? failure
        : failed(failure.code, `${failure.detail}; it said: ${stderr}`);
    if (end.code !== 0) return failed("EXIT", endSentence(end, stderr));
    return printed();
  }

  #collect(program: Program, stop: (why: Failure) => void): () => string {
    const bytesMax = this.#options.limits.answerBytesMax;
    const chunks: Buffer[] = [];
    let bytes = 0;
    program.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else stop(failed("TOO_LARGE", `it printed more than ${mebibytes(bytesMax)}`));
    });
    return () => Buffer.concat(chunks).toString("utf8");
  }

  /** Deadline, abort and pulse of a running process; returns how to let go of them. */
  #watch(program: Program, call: CallOptions, stop: (why: Failure) => void): () => void {
    const { limits } = this.#options;
    const timeoutMs = Math.min(call.timeoutMs, limits.callMsMax);
    const deadline = setTimeout(() => {
      stop(failed("TIMEOUT", `it gave no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const pulse = setInterval(() => {
      if (!program.isAlive()) return;
      call.onAlive?.();
      this.#gate.alive();
    }, limits.pulseMs);
    const aborted = AbortSignal.any(
      call.signal === undefined ? [this.#closing.signal] : [this.#closing.signal, call.signal],
    );
    const abort = (): void => stop(failed("STOPPED", "the call was stopped"));
    if (aborted.aborted) abort();
    aborted.addEventListener("abort", abort, { once: true });
    return () => {
      clearTimeout(deadline);
      clearInterval(pulse);
      aborted.removeEventListener("abort", abort);
    };
  }
}
