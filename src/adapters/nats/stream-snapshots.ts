/**
 * The newest snapshot of each bucket, so that whoever takes a bucket over reads few records. It is the
 * message of `PREFIX.snap.BUCKET.newest`, if it fits into one. A larger one has two slots: it is written into
 * the one that is not in use, then `newest` names it. Two that write at once may spoil a slot; its digest
 * tells, and then there is no snapshot, which costs time and nothing else.
 */
import { headers, type MsgHdrs } from "nats";
import { hex, sha256, DIGEST_BYTES } from "#envelope/cid.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import type { Snapshot } from "#ports/store.ts";
import { bytesIn, joined, partsOf, wholeIn } from "./stream-headers.ts";
import { PART_BYTES, type PartStore } from "./stream-parts.ts";

const RECORDS = "Canswarm-Records";
const SIZE = "Canswarm-Size";
/** Of the last record that is in the snapshot. */
const HASH = "Canswarm-Hash";
/** Of the snapshot's bytes. */
const DIGEST = "Canswarm-Digest";
/** Where its bytes are; absent: in this message. */
const SLOT = "Canswarm-Slot";

const EMPTY = new Uint8Array(0);

export class StreamSnapshots {
  readonly #parts: PartStore;
  readonly #prefix: string;

  constructor(parts: PartStore, prefix: string) {
    this.#parts = parts;
    this.#prefix = prefix;
  }

  async save(snapshot: Snapshot): Promise<void> {
    const { bucket, bytes } = snapshot;
    if (bytes.length <= PART_BYTES) {
      const named = (): MsgHdrs => namedOf(snapshot);
      await this.#parts.put([{ subject: this.#newest(bucket), bytes, headers: named }]);
      return;
    }
    const newest = await this.#parts.getLast(this.#newest(bucket));
    // Whatever it says: a slot of ours that is not the one in use.
    const slot = newest?.header.get(SLOT) === "0" ? 1 : 0;
    await this.#parts.put(partsOf(this.#slot(bucket, slot), bytes, headers));
    const named = (): MsgHdrs => namedOf(snapshot, slot);
    await this.#parts.put([{ subject: this.#newest(bucket), bytes: EMPTY, headers: named }]);
  }

  async load(bucket: number): Promise<Snapshot | undefined> {
    try {
      return await this.#load(bucket);
    } catch (error) {
      if (error instanceof Fault && error.code === "STORE_CORRUPT") return undefined;
      throw error;
    }
  }

  async #load(bucket: number): Promise<Snapshot | undefined> {
    const newest = await this.#parts.getLast(this.#newest(bucket));
    if (newest === undefined) return undefined;
    const { header } = newest;
    const found = header.has(SLOT)
      ? await joined((subject) => this.#parts.getLast(subject), this.#slot(bucket, slotIn(header)))
      : newest;
    const digest = bytesIn(header, DIGEST, DIGEST_BYTES);
    if (found === undefined || !sameBytes(sha256(found.data), digest)) return undefined;
    return {
      bucket,
      records: wholeIn(header, RECORDS),
      size: wholeIn(header, SIZE),
      hash: bytesIn(header, HASH, DIGEST_BYTES),
      bytes: found.data,
    };
  }

  #newest(bucket: number): string {
    return `${this.#prefix}.snap.${bucket}.newest`;
  }

  #slot(bucket: number, slot: number): string {
    return `${this.#prefix}.snap.${bucket}.${slot}`;
  }
}

const slotIn = (header: MsgHdrs): number => wholeIn(header, SLOT);

const namedOf = ({ records, size, hash, bytes }: Snapshot, slot?: number): MsgHdrs => {
  const header = headers();
  header.set(RECORDS, String(records));
  header.set(SIZE, String(size));
  header.set(HASH, hex(hash));
  header.set(DIGEST, hex(sha256(bytes)));
  if (slot !== undefined) header.set(SLOT, String(slot));
  return header;
};
