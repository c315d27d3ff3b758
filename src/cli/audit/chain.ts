/**
 * One bucket's log, held against its own rules while it is read: the same for a folder and for a file.
 *
 * A1 (P7)  Each record names its predecessor's hash, index and position; log time never runs backwards.
 * A2       A record stands under the epoch of the last EPOCH; epochs only rise; each EPOCH names the header.
 * A3       A draw secret that an EPOCH reveals is the one that the EPOCH before committed to.
 */

import { sha256 } from "#envelope/cid.ts";
import { Malformed } from "#envelope/malformed.ts";
import { leafHash, MerkleLog } from "#envelope/merkle.ts";
import type { EpochBody } from "#protocol/bodies.ts";
import { VERBS } from "#protocol/verbs.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import type { Epoch } from "#ports/store.ts";
import { decodeRecord, GENESIS_PARENT, hashRecord, type LogRecord } from "#runtime/log/record.ts";

/** Why a log or a file of logs cannot be what it claims to be. */
export class Broken extends Error {
  readonly bucket: number | undefined;
  readonly line: number | undefined;
  readonly reason: string;
  constructor(reason: string, where: { readonly bucket?: number; readonly line?: number } = {}) {
    super(reason);
    this.reason = reason;
    this.bucket = where.bucket;
    this.line = where.line;
  }
}

export class BucketChain {
  readonly bucket: number;
  readonly #header: string;
  records = 0;
  size = 0;
  hash: Uint8Array = GENESIS_PARENT;
  /** RFC 6962 tree over the records' hashes. */
  readonly tree = new MerkleLog();
  #atMs = 0;
  /** Body of the last EPOCH; undefined while the log is empty. */
  epoch: EpochBody | undefined = undefined;

  constructor(bucket: number, header: string) {
    this.bucket = bucket;
    this.#header = header;
  }

  /** Throws Broken, and is then of no use any more. */
  add(bytes: Uint8Array): LogRecord {
    const record = this.#decoded(bytes);
    const wrong = this.#wrong(record);
    if (wrong !== undefined) throw this.#broken(wrong);
    for (const entry of record.entries)
      if (entry.kind === "given" && entry.verb === "EPOCH") this.#begin(entry.body);
    const { epoch } = this;
    if (epoch === undefined) throw this.#broken("a record stands before the first EPOCH");
    if (epoch.generation !== record.generation || epoch.revision !== record.revision)
      throw this.#broken(
        `record ${record.index} is of epoch ${nameOf(record)}, the last EPOCH is ${nameOf(epoch)}`,
      );
    this.records += 1;
    this.size += record.entries.length;
    this.hash = hashRecord(bytes);
    this.tree.append(leafHash(this.hash));
    this.#atMs = record.atMs;
    return record;
  }

  #decoded(bytes: Uint8Array): LogRecord {
    try {
      return decodeRecord(bytes);
    } catch (error) {
      if (error instanceof Malformed) throw this.#broken(`no record: ${error.message}`);
      throw error;
    }
  }

  #wrong(record: LogRecord): string | undefined {
    if (record.bucket !== this.bucket) return `a record of bucket ${record.bucket}`;
    if (record.index !== this.records)
      return `record ${record.index} stands where record ${this.records} belongs`;
    if (record.first !== this.size)
      return `record ${record.index} begins at position ${record.first}, the log at ${this.size}`;
    if (!sameBytes(record.parent, this.hash)) return `record ${record.index} names another parent`;
    if (record.atMs < this.#atMs) return `log time runs backwards at record ${record.index}`;
    if (record.entries.length === 0) return `record ${record.index} is empty`;
    return undefined;
  }

  #begin(plain: unknown): void {
    const body = VERBS.EPOCH.parse(plain);
    if ("malformed" in body) throw this.#broken(`EPOCH: ${body.malformed}`);
    if (body.header !== this.#header) throw this.#broken("EPOCH names another header");
    const last = this.epoch;
    if (last !== undefined && !isAbove(body, last))
      throw this.#broken(`epoch ${nameOf(body)} is not above ${nameOf(last)}`);
    const { previousSecret } = body;
    if (last !== undefined && previousSecret !== undefined)
      if (!sameBytes(sha256(previousSecret), last.commitment))
        throw this.#broken("EPOCH reveals another draw secret than was committed to");
    this.epoch = body;
  }

  #broken(reason: string): Broken {
    return new Broken(reason, { bucket: this.bucket });
  }
}

const nameOf = ({ generation, revision }: Epoch): string => `(${generation}, ${revision})`;
const isAbove = (a: Epoch, b: Epoch): boolean =>
  a.generation > b.generation || (a.generation === b.generation && a.revision > b.revision);
