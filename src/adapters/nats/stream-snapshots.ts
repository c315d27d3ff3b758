/**
 * The newest snapshot of each bucket, so that whoever takes a bucket over reads few records. It is the
 * message of `PREFIX.snap.BUCKET.newest`, if it fits into one. A larger one has two slots: it is written into
 * the one that is not in use, then `newest` names it. Its parts lie beside it, each under its own hash, for
 * as long as a snapshot names them. Two that write at once may spoil a slot or drop a part; digests tell, and
 * then there is no snapshot until the next is saved, which costs time and nothing else.
 */
import { headers, type MsgHdrs } from "nats";
import { hex, sha256, DIGEST_BYTES } from "#envelope/cid.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import { assertThere, hashesIn } from "#ports/snapshot-parts.ts";
import type { Snapshot, SnapshotPart, SnapshotWrite } from "#ports/store.ts";
import { bytesIn, joined, partsOf, wholeIn } from "./stream-headers.ts";
import { PART_BYTES, type Part, type PartStore, type Stored } from "./stream-parts.ts";

const RECORDS = "Canswarm-Records";
const SIZE = "Canswarm-Size";
/** Of the last record that is in the snapshot. */
const HASH = "Canswarm-Hash";
/** Of the body: the hashes of the snapshot's parts, then its bytes. */
const DIGEST = "Canswarm-Digest";
/** How many parts it has; absent: none. */
const SHARED = "Canswarm-Shared-Parts";
/** Where its body is; absent: in this message. */
const SLOT = "Canswarm-Slot";

const EMPTY = new Uint8Array(0);
/** Parts that are asked for at a time: 4 MiB. */
const PARTS_READ_TOGETHER = 64;

/** Of one snapshot, where others are saved meanwhile. */
const LOADS_MAX = 3;

/** A snapshot as it was found, without its parts. */
interface Body {
  readonly hashes: readonly Uint8Array[];
  readonly bytes: Uint8Array;
}

export class StreamSnapshots {
  readonly #parts: PartStore;
  readonly #prefix: string;
  /** Buckets of which the stream is known to have nothing but a snapshot in one message. */
  readonly #bare = new Set<number>();

  constructor(parts: PartStore, prefix: string) {
    this.#parts = parts;
    this.#prefix = prefix;
  }

  /** What is there says the stream, each time: it may have lost something, or others have dropped it. */
  async save(snapshot: SnapshotWrite): Promise<void> {
    const { bucket, parts } = snapshot;
    if (parts.length === 0 && this.#bare.has(bucket)) {
      this.#bare.delete(bucket);
      if (await this.#put(snapshot)) this.#bare.add(bucket);
      return;
    }
    const there = new Set(await this.#parts.subjects(`${this.#prefix}.snap.${bucket}.>`));
    assertThere(snapshot, (name) => there.has(this.#part(bucket, name)));
    this.#bare.delete(bucket);
    await this.#parts.put(this.#given(snapshot));
    const isInOne = await this.#put(snapshot);
    there.delete(this.#newest(bucket));
    for (const { hash } of parts) there.delete(this.#part(bucket, hex(hash)));
    for (const subject of there)
      if (isInOne || this.#isPart(bucket, subject)) await this.#parts.drop(subject);
    if (isInOne && parts.length === 0) this.#bare.add(bucket);
  }

  *#given({ bucket, parts }: SnapshotWrite): Generator<Part, void> {
    for (const { hash, bytes } of parts)
      if (bytes !== undefined) yield { subject: this.#part(bucket, hex(hash)), bytes, headers };
  }

  /** True: in one message; false: in a slot. */
  async #put(snapshot: SnapshotWrite): Promise<boolean> {
    const { bucket, bytes, parts } = snapshot;
    const body = parts.length === 0 ? bytes : Buffer.concat([...parts.map((p) => p.hash), bytes]);
    const digest = sha256(body);
    if (body.length <= PART_BYTES) {
      const named = (): MsgHdrs => namedOf(snapshot, digest);
      await this.#parts.put([{ subject: this.#newest(bucket), bytes: body, headers: named }]);
      return true;
    }
    const newest = await this.#parts.getLast(this.#newest(bucket));
    // Whatever it says: a slot of ours that is not the one in use.
    const slot = newest?.header.get(SLOT) === "0" ? 1 : 0;
    await this.#parts.put(partsOf(this.#slot(bucket, slot), body, headers));
    const named = (): MsgHdrs => namedOf(snapshot, digest, slot);
    await this.#parts.put([{ subject: this.#newest(bucket), bytes: EMPTY, headers: named }]);
    return false;
  }

  async load(bucket: number): Promise<Snapshot | undefined> {
    this.#bare.delete(bucket); // others may have saved since
    try {
      for (let tries = 1; ; tries += 1) {
        const newest = await this.#parts.getLast(this.#newest(bucket));
        if (newest === undefined) return undefined;
        const found = await this.#read(bucket, newest);
        if (found !== undefined || tries === LOADS_MAX) return found;
        // Somebody has saved another meanwhile, and dropped what this one names?
        const now = await this.#parts.getLast(this.#newest(bucket));
        if (now?.header.get(DIGEST) === newest.header.get(DIGEST)) return undefined;
      }
    } catch (error) {
      if (error instanceof Fault && error.code === "STORE_CORRUPT") return undefined;
      throw error;
    }
  }

  async #read(bucket: number, newest: Stored): Promise<Snapshot | undefined> {
    const found = await this.#body(bucket, newest);
    const parts = found && (await this.#load(bucket, found.hashes));
    if (found === undefined || parts === undefined) return undefined;
    const { header } = newest;
    return {
      bucket,
      records: wholeIn(header, RECORDS),
      size: wholeIn(header, SIZE),
      hash: bytesIn(header, HASH, DIGEST_BYTES),
      bytes: found.bytes,
      parts,
    };
  }

  async #body(bucket: number, newest: Stored): Promise<Body | undefined> {
    const { header } = newest;
    const found = header.has(SLOT)
      ? await joined((subject) => this.#parts.getLast(subject), this.#slot(bucket, slotIn(header)))
      : newest;
    const digest = bytesIn(header, DIGEST, DIGEST_BYTES);
    if (found === undefined || !sameBytes(sha256(found.data), digest)) return undefined;
    const count = header.has(SHARED) ? wholeIn(header, SHARED) : 0;
    const end = count * DIGEST_BYTES;
    if (end > found.data.length) return undefined;
    return { hashes: hashesIn(found.data.subarray(0, end)), bytes: found.data.subarray(end) };
  }

  /** Undefined where one is missing or not what it is called. */
  async #load(
    bucket: number,
    hashes: readonly Uint8Array[],
  ): Promise<readonly SnapshotPart[] | undefined> {
    const parts: SnapshotPart[] = [];
    for (let at = 0; at < hashes.length; at += PARTS_READ_TOGETHER) {
      const asked = hashes.slice(at, at + PARTS_READ_TOGETHER).map(async (hash) => {
        const found = await this.#parts.get(this.#part(bucket, hex(hash)));
        return { hash, bytes: found?.data };
      });
      for (const { hash, bytes } of await Promise.all(asked)) {
        if (bytes === undefined || !sameBytes(sha256(bytes), hash)) return undefined;
        parts.push({ hash, bytes });
      }
    }
    return parts;
  }

  #newest(bucket: number): string {
    return `${this.#prefix}.snap.${bucket}.newest`;
  }

  #slot(bucket: number, slot: number): string {
    return `${this.#prefix}.snap.${bucket}.${slot}`;
  }

  #part(bucket: number, name: string): string {
    return `${this.#prefix}.snap.${bucket}.part.${name}`;
  }

  #isPart(bucket: number, subject: string): boolean {
    return subject.startsWith(this.#part(bucket, ""));
  }
}

const slotIn = (header: MsgHdrs): number => wholeIn(header, SLOT);

const namedOf = (
  { records, size, hash, parts }: SnapshotWrite,
  digest: Uint8Array,
  slot?: number,
): MsgHdrs => {
  const header = headers();
  header.set(RECORDS, String(records));
  header.set(SIZE, String(size));
  header.set(HASH, hex(hash));
  header.set(DIGEST, hex(digest));
  if (parts.length > 0) header.set(SHARED, String(parts.length));
  if (slot !== undefined) header.set(SLOT, String(slot));
  return header;
};
