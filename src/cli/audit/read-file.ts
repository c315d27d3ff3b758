/**
 * An audit file, verified with no other file.
 *
 * V1 (P7)  Header, records by bucket and index, heads by bucket: each line stands where it must, and the
 *          file ends after the last head. So a dropped, doubled or moved line shows, the last one included.
 * V2       Each line is the one text of its content: it is written again from its record and compared.
 * V3       A head states what the records of its bucket add up to, signed by the key of the last EPOCH and
 *          by the operator's key of the genesis, over a digest of all heads.
 * V4       Every envelope is signed by its sender.
 *
 * Structure is checked first, over the whole file; signatures after it.
 */

import { sha256, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { publicKeyOf } from "#envelope/did.ts";
import { SIGNATURE_BYTES } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import { bytesOf } from "./canonical-json.ts";
import { Broken, type BucketChain } from "./chain.ts";
import {
  factsOf,
  fileDigest,
  headerLine,
  headerOf,
  headLine,
  headMessages,
  recordLine,
  type HeadFacts,
  type HeadSigned,
  type Header,
} from "./format.ts";
import { Inspector } from "./inspector.ts";
import type { Evidence } from "./evidence.ts";
import { linesOf, type ByteSource, type Line } from "./lines.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Where a bucket's first record stands. */
interface Start {
  readonly number: number;
  readonly at: number;
}

interface HeadRead {
  readonly line: number;
  readonly facts: HeadFacts;
  readonly signed: HeadSigned;
  /** What it says that the digest of all heads is. */
  readonly file: string;
}

class AuditReader {
  #inspector: Inspector | undefined;
  readonly starts = new Map<number, Start>();
  readonly heads: HeadRead[] = [];
  /** The bucket that records are read of. */
  #bucket = 0;

  get opened(): Inspector | undefined {
    return this.#inspector;
  }
  get inspector(): Inspector {
    if (this.#inspector === undefined) throw new Broken("the file is empty", { line: 1 });
    return this.#inspector;
  }

  async take(line: Line): Promise<void> {
    if (this.#inspector === undefined) {
      this.#inspector = new Inspector(readHeader(line.text));
      return;
    }
    if (this.heads.length > SYSTEM_BUCKET)
      throw new Broken("goes on after the last head", { bucket: SYSTEM_BUCKET });
    const fields = parsed(line.text);
    const { kind } = fields;
    if (kind === "record" && this.heads.length === 0) await this.#record(line, fields);
    else if (kind === "head") this.#head(line, fields);
    else throw new Broken(`a ${shown(kind)} line cannot stand here`);
  }

  /** The bucket that a line without a readable one would have belonged to. */
  get bucket(): number | undefined {
    if (this.#inspector === undefined) return undefined;
    return this.heads.length === 0 ? this.#bucket : Math.min(this.heads.length, SYSTEM_BUCKET);
  }

  async #record(line: Line, fields: Fields): Promise<void> {
    const { bucket, index } = fields;
    if (!isBucket(bucket)) throw new Broken(`there is no bucket ${shown(bucket)}`);
    if (bucket < this.#bucket)
      throw new Broken(`bucket ${bucket} stands after bucket ${this.#bucket}`, { bucket });
    this.#bucket = bucket;
    const chain = this.inspector.chains[bucket] as BucketChain;
    if (index !== chain.records)
      throw new Broken(`record ${shown(index)} stands where record ${chain.records} belongs`);
    const bytes = bytesOf(fields["record"]);
    if (bytes === undefined) throw new Broken("its record is not padded base64url");
    if (chain.records === 0) this.starts.set(bucket, { number: line.number, at: line.at });
    const { view } = await this.inspector.add(bucket, bytes, line.number);
    same(line.text, recordLine({ bucket, index, hash: chain.hash }, bytes, view));
  }

  #head(line: Line, fields: Fields): void {
    const { bucket, file, secret, signature, operator } = fields;
    const { inspector, heads } = this;
    if (bucket !== heads.length)
      throw new Broken(
        `the head of bucket ${shown(bucket)} stands where that of bucket ${heads.length} belongs`,
        { bucket: heads.length },
      );
    const facts = factsOf(inspector.chains[bucket] as BucketChain);
    const counted = fields["records"];
    if (counted !== facts.records)
      throw new Broken(
        `${Number(counted) > facts.records ? "records are missing" : "there are more records"}: ` +
          `the head counts ${shown(counted)}, the file has ${facts.records}`,
      );
    if (typeof file !== "string" || !DIGEST.test(file)) throw new Broken("its file is no digest");
    const signed: HeadSigned = {
      secret: optionalBytes(secret),
      signature: optionalBytes(signature),
      operator: optionalBytes(operator) ?? new Uint8Array(0),
    };
    // The digest of all heads comes last: a bucket that lacks records is named by its own head.
    same(line.text, headLine(file, facts, signed));
    heads.push({ line: line.number, facts, signed, file });
  }

  /** V1 at the end, V3. */
  finish(lines: number): void {
    const { inspector, heads } = this;
    const missing = heads.length;
    if (missing <= SYSTEM_BUCKET)
      throw new Broken(`the file ends before the head of bucket ${missing}`, {
        bucket: missing,
        line: lines + 1,
      });
    const file = fileDigest(inspector.header.hash, inspector.chains.map(factsOf));
    for (const { line, facts, file: named } of heads)
      if (named !== file)
        throw new Broken("the head's file is not the digest of all heads", {
          bucket: facts.bucket,
          line,
        });
    for (const head of heads) checkSigned(inspector.header, file, head);
    for (const [bucket, { epoch }] of inspector.chains.entries()) {
      const secret = heads[bucket]?.signed.secret;
      if (secret === undefined) continue;
      if (epoch === undefined || !sameBytes(sha256(secret), epoch.commitment))
        throw new Broken("the head reveals another draw secret than was committed to", {
          bucket,
          line: heads[bucket]?.line ?? 0,
        });
      inspector.draws.reveal(secret);
    }
  }
}

const checkSigned = (header: Header, file: string, { line, facts, signed }: HeadRead): void => {
  const where = { bucket: facts.bucket, line };
  const messages = headMessages(header.hash, file, facts, signed.secret);
  if (!isSigned(header.genesis.operator, messages.operator, signed.operator))
    throw new Broken("the head is not signed by the operator that the genesis names", where);
  if (facts.led === undefined) {
    if (signed.signature !== undefined || signed.secret !== undefined)
      throw new Broken("the head of an empty log has no epoch's signature or secret", where);
  } else if (!isSigned(facts.led.key, messages.epoch, signed.signature))
    throw new Broken("the head is not signed by the key of the log's last EPOCH", where);
};

const isSigned = (did: string, message: Uint8Array, signature: Uint8Array | undefined): boolean => {
  const key = publicKeyOf(did);
  if (key === undefined || signature?.length !== SIGNATURE_BYTES) return false;
  return bestSuite().verify(key, message, signature);
};

/** SHA-256 in lower-case hex. */
const DIGEST = /^[0-9a-f]{64}$/;

const isBucket = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= SYSTEM_BUCKET;

const SHOWN_UNITS_MAX = 40;
const shown = (value: unknown): string => String(JSON.stringify(value)).slice(0, SHOWN_UNITS_MAX);

const optionalBytes = (value: unknown): Uint8Array | undefined => {
  if (value === null) return undefined;
  const bytes = bytesOf(value);
  if (bytes === undefined) throw new Broken("its signatures are not padded base64url");
  return bytes;
};

const parsed = (text: string): Fields => {
  if (text.startsWith("\ufeff")) throw new Broken("begins with a byte order mark");
  if (text.endsWith("\r")) throw new Broken("ends in \\r\\n, not in \\n alone");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Broken("is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Broken("is not a JSON object");
  return value as Fields;
};

/** V2. */
const same = (text: string, own: string): void => {
  if (text === own) return;
  let at = 0;
  while (text[at] === own[at]) at += 1;
  throw new Broken(`is not the one text of its content, from column ${at + 1} on`);
};

const readHeader = (text: string): Header => {
  const { kind, genesis } = parsed(text);
  if (kind !== "header") throw new Broken("a header belongs here");
  const bytes = bytesOf(genesis);
  if (bytes === undefined) throw new Broken("its genesis is not padded base64url");
  let header: Header;
  try {
    header = headerOf(bytes);
  } catch (error) {
    throw new Broken(`holds no genesis: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  same(text, headerLine(header));
  return header;
};

/** Where a line that could not be read says it belongs. */
const BUCKET = /^\{"bucket":(\d{1,3}),/;
const bucketIn = (text: string): number | undefined => {
  const bucket = Number(BUCKET.exec(text)?.[1] ?? Number.NaN);
  return isBucket(bucket) ? bucket : undefined;
};

/** Throws Broken, naming line and bucket. */
export const readAuditFile = async (source: ByteSource, path: string): Promise<Evidence> => {
  const reader = new AuditReader();
  let lines = 0;
  try {
    for await (const line of linesOf(source)) {
      lines = line.number;
      await reader.take(line).catch((error: unknown) => {
        throw placed(error, line, reader);
      });
    }
    reader.finish(lines);
    await reader.inspector.signatures.finish();
  } catch (error) {
    throw withBucket(error, reader);
  } finally {
    await reader.opened?.signatures.close();
  }
  return evidenceOf(reader, source, path);
};

const placed = (error: unknown, line: Line, reader: AuditReader): unknown => {
  if (!(error instanceof Broken)) return error;
  const bucket = error.bucket ?? bucketIn(line.text) ?? reader.bucket;
  return new Broken(error.reason, {
    line: error.line ?? line.number,
    ...(bucket === undefined || reader.opened === undefined ? {} : { bucket }),
  });
};

/** Bytes that form no line stand where the bucket in course goes on. */
const withBucket = (error: unknown, { bucket }: AuditReader): unknown => {
  if (!(error instanceof Broken) || error.bucket !== undefined || bucket === undefined)
    return error;
  const { reason, line } = error;
  return new Broken(reason, line === undefined ? { bucket } : { bucket, line });
};

const RECORD = /"kind":"record","record":"([\w=-]*)"/;

const evidenceOf = (reader: AuditReader, source: ByteSource, path: string): Evidence => {
  const { inspector, starts } = reader;
  const { verdicts, counts } = inspector.verdicts();
  return {
    path,
    kind: "file",
    header: inspector.header,
    heads: reader.heads.map(({ facts }) => facts),
    signatures: inspector.signatures.count,
    draws: counts,
    drawVerdicts: verdicts,
    log: async function* (bucket) {
      const start = starts.get(bucket);
      if (start === undefined) return;
      let left = inspector.chains[bucket]?.records ?? 0;
      for await (const { text } of linesOf(source, start)) {
        yield bytesOf(RECORD.exec(text)?.[1]) ?? new Uint8Array(0);
        left -= 1;
        if (left === 0) return;
      }
    },
    lineOf: (bucket, index) => {
      const start = starts.get(bucket);
      return start === undefined ? undefined : start.number + index;
    },
    beside: undefined,
    close: () => Promise.resolve(),
  };
};
