/** What the client half and the store's thread say to each other: plain data and one packed buffer. */
import type { FaultCode } from "#ports/faults.ts";
import { Fault } from "#ports/faults.ts";
import type { GivenPart, Head, Snapshot, SnapshotWrite } from "#ports/store.ts";
import type { RawBlocks } from "./ports.ts";
import { packed, unpacked, type Packed } from "./packed.ts";
import type { Store } from "#ports/store.ts";

export type Calls = Omit<Store, "close"> & RawBlocks;
export type Call = keyof Calls;

export interface Request<C extends string = Call> {
  readonly id: number;
  readonly call: C;
  readonly plain: unknown;
  readonly bytes: Packed;
}

export interface PlainFault {
  readonly code: FaultCode | undefined;
  readonly sentence: string;
}

export type Reply =
  | { readonly id: number; readonly plain: unknown; readonly bytes: Packed }
  | { readonly id: number; readonly fault: PlainFault };

export const plainFault = (error: unknown): PlainFault =>
  error instanceof Fault
    ? { code: error.code, sentence: error.sentence }
    : { code: undefined, sentence: error instanceof Error ? error.message : String(error) };

export const faultOf = ({ code, sentence }: PlainFault): Error =>
  code === undefined ? new Error(sentence) : new Fault(code, sentence);

/** A snapshot or a head without its bytes, which travel packed. */
type Bare<T> = Omit<T, "hash" | "bytes">;
export const packHead = ({ hash, ...plain }: Head): { plain: Bare<Head>; bytes: Packed } => ({
  plain,
  bytes: packed([hash]),
});

export const unpackHead = (plain: unknown, bytes: Packed): Head => {
  const [hash] = unpacked(bytes);
  return { ...(plain as Bare<Head>), hash: hash! };
};

/** Of each part its hash comes, and its bytes if it has any. */
type BareSnapshot = Omit<Bare<Snapshot>, "parts"> & { readonly given: readonly boolean[] };

export const packSnapshot = ({ hash, bytes, parts, ...plain }: SnapshotWrite) => ({
  plain: { ...plain, given: parts.map((part) => part.bytes !== undefined) },
  bytes: packed([
    hash,
    bytes,
    ...parts.flatMap((part) => (part.bytes === undefined ? [part.hash] : [part.hash, part.bytes])),
  ]),
});

export const unpackSnapshotWrite = (plain: unknown, packedBytes: Packed): SnapshotWrite => {
  const { given, ...bare } = plain as BareSnapshot;
  const [hash, bytes, ...rest] = unpacked(packedBytes);
  let at = 0;
  const parts = given.map((isGiven): GivenPart => {
    const named = rest[at++]!;
    return { hash: named, bytes: isGiven ? rest[at++]! : undefined };
  });
  return { ...bare, hash: hash!, bytes: bytes!, parts };
};

/** One that was loaded: its parts have their bytes. */
export const unpackSnapshot = (plain: unknown, packedBytes: Packed): Snapshot =>
  unpackSnapshotWrite(plain, packedBytes) as Snapshot;

/** Outcomes and epochs hold heads, which are small: they are cloned as they are. */
export const NO_BYTES: Packed = { buffer: new ArrayBuffer(0), lengths: [] };
