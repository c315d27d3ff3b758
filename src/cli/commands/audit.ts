/** `canswarm audit DIR`: all logs and signed heads of a folder as one file, on standard output. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { CliError } from "../errors.ts";
import { auditLines } from "../audit/write-file.ts";
import { isOutputError } from "../output.ts";

/** The folder may be named either way. */
const folderOf = (
  argument: string | undefined,
  flags: { readonly data?: string },
  command: string,
): string => {
  const dir = argument ?? flags.data;
  if (dir !== undefined) return dir;
  throw new CliError("USAGE", { reason: "no data folder is named", command });
};

export const addAudit = (program: Command): void => {
  program
    .command("audit")
    .summary("write all logs and signed heads of a data folder as one file")
    .argument("[dir]", "the data folder; nobody may run it")
    .option("--data <dir>", "the same")
    .addHelpText("after", "\nExample:\n  canswarm audit ./market > market.jsonl")
    .action(async (dir: string | undefined, flags: { data?: string }) => {
      const lines = auditLines(folderOf(dir, flags, "audit"));
      try {
        await pipeline(Readable.from(lines), process.stdout, { end: false });
      } catch (error) {
        if (!isOutputError(error)) throw error;
      }
    });
};
