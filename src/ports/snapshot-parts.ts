/** Which parts a snapshot and the one before it have in common: the same rule for every store. */

import { DIGEST_BYTES, hex } from "#envelope/cid.ts";
import { Fault } from "./faults.ts";
import type { Snapshot, SnapshotPart, SnapshotWrite } from "./store.ts";

/** Hashes of parts that lie one after another; what is left over is no hash. */
export const hashesIn = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.floor(bytes.length / DIGEST_BYTES) }, (_, at) =>
    bytes.slice(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES),
  );

/** Throws PART_MISSING where a part without bytes is not among those that are stored, by their names. */
export const assertThere = (
  { bucket, parts }: SnapshotWrite,
  isStored: (name: string) => boolean,
): void => {
  for (const { hash, bytes } of parts)
    if (bytes === undefined && !isStored(hex(hash)))
      throw new Fault("PART_MISSING", `part ${hex(hash)} of bucket ${bucket} is not stored`);
};

/** With the bytes that came with the snapshot before. Throws PART_MISSING. */
export const completed = (given: SnapshotWrite, stored: Snapshot | undefined): Snapshot => {
  const there = new Map<string, Uint8Array>();
  for (const { hash, bytes } of stored?.parts ?? []) there.set(hex(hash), bytes);
  assertThere(given, (name) => there.has(name));
  const parts = given.parts.flatMap(({ hash, bytes = there.get(hex(hash)) }): SnapshotPart[] =>
    bytes === undefined ? [] : [{ hash, bytes }],
  );
  return { ...given, parts };
};
