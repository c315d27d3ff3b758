/**
 * The file that finishes a backup (backup.ts, K1): what etcd said at one moment, beside the folder's disks.
 * It may come from a copy that was cut off, or from somebody's editor, so all of it is checked before
 * anything of it is put anywhere.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { hex, isCid, SYSTEM_BUCKET, unhex } from "#envelope/cid.ts";
import { decodeGenesis } from "#domain/genesis/codec.ts";
import type { EtcdCopy } from "#adapters/etcd/copy.ts";
import { CliError } from "../errors.ts";
import { GENESIS_FILE, holdsSwarm } from "../swarm/folder.ts";

const COPY_FILE = "backup.json";
const VERSION = 1;

const count = z.int().min(0);
const bucket = count.max(SYSTEM_BUCKET);
const schema = z.object({
  version: z.literal(VERSION),
  cluster: z.string(),
  generation: count,
  heads: z
    .array(
      z.object({
        bucket,
        epoch: z.object({ generation: count, revision: count }),
        records: count,
        size: count,
        hash: z.string().regex(/^[\da-f]{64}$/, "it is no hash"),
      }),
    )
    .refine((heads) => new Set(heads.map((head) => head.bucket)).size === heads.length, {
      error: "a bucket has two heads",
    }),
  decides: z.array(z.tuple([bucket, z.string().min(1)])),
  /** CIDs of those on the folder's disk. */
  blocks: z.array(z.string().refine(isCid, "it names no block")),
});

export interface Finished {
  readonly cluster: string;
  readonly copy: EtcdCopy;
  readonly blocks: readonly string[];
}

export const writeCopyFile = (dir: string, { cluster, copy, blocks }: Finished): void => {
  const heads = copy.heads.map((head) => ({ ...head, hash: hex(head.hash) }));
  const file = { version: VERSION, cluster, ...copy, heads, blocks };
  const path = join(dir, COPY_FILE);
  mkdirSync(dir, { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(file)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.tmp`, path);
};

/** Until it is written again the folder is no backup. */
export const removeCopyFile = (dir: string): void => rmSync(join(dir, COPY_FILE), { force: true });

/** With the genesis of the folder. Refuses with BACKUP_MISSING and BACKUP_INVALID. */
export const finishedIn = (
  dir: string,
  cluster: string,
): Finished & { readonly genesis: Uint8Array } => {
  const path = join(dir, COPY_FILE);
  const missing = (): CliError => new CliError("BACKUP_MISSING", { path: dir, cluster });
  if (!existsSync(path) || !holdsSwarm(dir)) throw missing();
  const file = parsedIn(path);
  if (file.cluster !== cluster) throw missing();
  const { generation, decides, blocks } = file;
  const heads = file.heads.map((head) => ({ ...head, hash: unhex(head.hash) }));
  return { cluster, copy: { generation, decides, heads }, blocks, genesis: genesisIn(dir) };
};

const invalid = (path: string, reason: string, cause?: unknown): CliError =>
  new CliError("BACKUP_INVALID", { path, reason }, { cause });

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const parsedIn = (path: string): z.infer<typeof schema> => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw invalid(path, `it is cut off or no JSON (${textOf(error)})`, error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") ?? "";
  throw invalid(path, `${place === "" ? "" : `${place}: `}${issue?.message ?? "no backup"}`);
};

const genesisIn = (dir: string): Uint8Array => {
  const path = join(dir, GENESIS_FILE);
  const bytes = new Uint8Array(readFileSync(path));
  try {
    decodeGenesis(bytes);
  } catch (error) {
    throw invalid(path, textOf(error), error);
  }
  return bytes;
};
