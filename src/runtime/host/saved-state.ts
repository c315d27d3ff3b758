/**
 * A bucket's state as a snapshot, and back. Of what only grows (rows of needs that have ended, threads that
 * rest) whole stretches are parts of the snapshot, which most snapshots of the bucket have in common: the
 * store has them already, so one costs what has changed since the last, however long the log is.
 *
 * V1  `bytes` begin with STATE_FORMAT; then come V8's structured clone of the state, with byte arrays
 *     written by us: a whole one, or one whose middle is parts.
 * V2  A part is known by its SHA-256. Stores check it: a snapshot whose parts are not what they are called is
 *     none.
 */

import { DefaultDeserializer, DefaultSerializer } from "node:v8";
import { hex } from "#envelope/cid.ts";
import { stretchesOf, type Stretches } from "#envelope/packed-bytes.ts";
import type { GivenPart, Snapshot, SnapshotWrite } from "#ports/store.ts";
import type { Application } from "../bucket/application.ts";
import { BucketState, STATE_FORMAT } from "../bucket/state.ts";

/** How a byte array is written. */
const WHOLE = 0;
const PARTED = 1;

export const NO_PARTS: ReadonlySet<string> = new Set();

class StateWriter extends DefaultSerializer {
  readonly parts: GivenPart[] = [];
  readonly #known: ReadonlySet<string>;

  constructor(known: ReadonlySet<string>) {
    super();
    this.#known = known;
  }

  /** Called by the serializer for each byte array. */
  _writeHostObject(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError("a state holds another array than bytes");
    const parted = stretchesOf(bytes);
    this.writeUint32(parted === undefined ? WHOLE : PARTED);
    if (parted === undefined) this.#run(bytes);
    else this.#parted(parted);
  }

  #run(bytes: Uint8Array): void {
    this.writeUint32(bytes.length);
    this.writeRawBytes(bytes);
  }

  #parted({ head, stretches, tail }: Stretches): void {
    this.#run(head);
    this.writeUint32(stretches.length);
    this.writeUint32(this.parts.length);
    for (const { hash, bytes } of stretches) {
      const isKnown = this.#known.has(hex(hash));
      // A copy: the view is valid until the next turn.
      this.parts.push({ hash, bytes: isKnown ? undefined : bytes.slice() });
    }
    this.#run(tail);
  }
}

class StateReader extends DefaultDeserializer {
  readonly #parts: Snapshot["parts"];

  constructor(bytes: Uint8Array, parts: Snapshot["parts"]) {
    super(bytes);
    this.#parts = parts;
  }

  /** Called by the deserializer for each byte array. */
  _readHostObject(): Uint8Array {
    if (this.readUint32() === WHOLE) return this.#run();
    const head = this.#run();
    const count = this.readUint32();
    const first = this.readUint32();
    const parts = this.#parts.slice(first, first + count).map(({ bytes }) => bytes);
    if (parts.length < count) throw new Error("a snapshot lacks a part that it names");
    return joined([head, ...parts, this.#run()]);
  }

  /** A view of the snapshot. */
  #run(): Uint8Array {
    const { buffer, byteOffset, length } = this.readRawBytes(this.readUint32());
    return new Uint8Array(buffer, byteOffset, length);
  }
}

const joined = (runs: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(runs.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const run of runs) {
    whole.set(run, at);
    at += run.length;
  }
  return whole;
};

/**
 * Of a state at a turn's end. It may be stored only once that turn is committed. Parts that are `known`, in
 * hexadecimal digits, come without their bytes: the store has them.
 */
export const savedState = (
  state: BucketState,
  known: ReadonlySet<string> = NO_PARTS,
): SnapshotWrite => {
  const writer = new StateWriter(known);
  writer.writeUint32(STATE_FORMAT);
  writer.writeHeader();
  writer.writeValue(state.encode());
  const { bucket, records, size, hash } = state;
  return { bucket, records, size, hash, bytes: writer.releaseBuffer(), parts: writer.parts };
};

/** Undefined for another format: the log says the same. */
export const openState = (
  { bucket, bytes, parts }: Snapshot,
  app: Application,
): BucketState | undefined => {
  const reader = new StateReader(bytes, parts);
  if (reader.readUint32() !== STATE_FORMAT) return undefined;
  reader.readHeader();
  return BucketState.decode(bucket, reader.readValue(), app);
};

/** Names of the parts, as `savedState` wants to know them. */
export const partNames = ({ parts }: SnapshotWrite): ReadonlySet<string> =>
  new Set(parts.map(({ hash }) => hex(hash)));
