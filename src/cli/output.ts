/**
 * The ends of standard output and standard error. Who reads may leave (`| head`), a disk may be full: the
 * first is no error, the second is one with a code. For all commands, here alone.
 *
 * O1  A closed pipe ends the output, not the command: what is said after that goes nowhere, and a run
 *     goes on to its end. A command that does nothing but print stops.
 */

import type { Writable } from "node:stream";
import { CliError, printError } from "./errors.ts";

/** The reader has gone, or the stream was ended because it had. */
const GONE: ReadonlySet<string> = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ECONNRESET"]);

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

const isClosed = (error: unknown): boolean => GONE.has(codeOf(error));

/** Whether the error is that of an output, which is told here: whoever writes in a loop only stops. */
export const isOutputError = (error: unknown): boolean =>
  isClosed(error) || (error instanceof Error && "syscall" in error && error.syscall === "write");

export interface Outputs {
  readonly stdout: Pick<Writable, "on">;
  readonly stderr: Pick<Writable, "on">;
  readonly json: boolean;
  /** Sets the exit code of the process. */
  readonly failed: (exitCode: number) => void;
}

/** Listens for what goes wrong with both, once for the whole process. */
export const guardOutputs = ({ stdout, stderr, json, failed }: Outputs): void => {
  let told = false;
  stdout.on("error", (error: Error) => {
    if (isClosed(error) || told) return;
    told = true;
    const reason = codeOf(error) || error.message;
    failed(printError(new CliError("OUTPUT_FAILED", { reason }), { json }));
  });
  // There is nowhere to tell it; only the exit code is left.
  stderr.on("error", (error: Error) => {
    if (!isClosed(error)) failed(1);
  });
};
