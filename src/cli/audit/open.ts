/** A folder or an audit file, by its path. */

import { existsSync, statSync } from "node:fs";
import { CliError } from "../errors.ts";
import { Broken } from "./chain.ts";
import type { Evidence } from "./evidence.ts";
import { readFolder } from "./folder-logs.ts";
import { fileSource } from "./lines.ts";
import { readAuditFile } from "./read-file.ts";

/** Refuses with DATA_MISSING, DATA_IN_USE, KEY_MISSING, LOG_MISSING (a folder), AUDIT_INVALID (a file). */
export const openEvidence = async (path: string): Promise<Evidence> => {
  if (!existsSync(path)) throw new CliError("DATA_MISSING", { path });
  if (statSync(path).isDirectory()) return readFolder(path);
  try {
    return await readAuditFile(fileSource(path), path);
  } catch (error) {
    throw auditInvalid(error, path);
  }
};

export const auditInvalid = (error: unknown, path: string): unknown => {
  if (!(error instanceof Broken)) return error;
  const { line, bucket, reason } = error;
  const where = `line ${line ?? 1}, ${bucket === undefined ? "header" : `bucket ${bucket}`}`;
  return new CliError("AUDIT_INVALID", { path, reason: `${where}: ${reason}` });
};
