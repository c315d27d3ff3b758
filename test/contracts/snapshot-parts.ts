/** What every place of snapshots does with their parts. */

import { expect } from "vitest";
import { sha256 } from "#envelope/cid.ts";
import type { GivenPart, Snapshot, SnapshotWrite } from "#ports/store.ts";

interface Place {
  readonly saveSnapshot: (snapshot: SnapshotWrite) => Promise<void>;
  readonly loadSnapshot: (bucket: number) => Promise<Snapshot | undefined>;
}

/** Records of the snapshot that is there, and what its parts say. */
export const partsIn = async (place: Place, bucket: number): Promise<unknown[]> => {
  const loaded = await place.loadSnapshot(bucket);
  return [loaded?.records, ...(loaded?.parts ?? []).map(({ bytes }) => UNTEXT.decode(bytes))];
};

/** `snapshotOf` gives one of bucket 1 and so many records, 1 to 3. It ends with 3, "one" and "four". */
export const partsAreKept = async (
  place: Place,
  snapshotOf: (records: number) => SnapshotWrite,
): Promise<void> => {
  const save = (records: number, ...parts: readonly GivenPart[]) =>
    place.saveSnapshot({ ...snapshotOf(records), parts });
  await save(1, fresh("one"), fresh("two"), fresh("three"));
  expect(await partsIn(place, 1)).toEqual([1, "one", "two", "three"]);
  await save(2, again("three"), again("one"), fresh("four"));
  expect(await partsIn(place, 1)).toEqual([2, "three", "one", "four"]);
  for (const missing of ["two", "never"]) {
    const saved = save(3, again("one"), fresh("five"), again(missing));
    await expect(saved).rejects.toMatchObject({ code: "PART_MISSING" });
    expect(await partsIn(place, 1)).toEqual([2, "three", "one", "four"]);
  }
  await save(3, again("one"), again("four"));
  expect(await partsIn(place, 1)).toEqual([3, "one", "four"]);
  // What none names any more is not there any more.
  const gone = save(3, again("three"));
  await expect(gone).rejects.toMatchObject({ code: "PART_MISSING" });
};

const TEXT = new TextEncoder();
const UNTEXT = new TextDecoder();

const fresh = (text: string): GivenPart => {
  const bytes = TEXT.encode(text);
  return { hash: sha256(bytes), bytes };
};
const again = (text: string): GivenPart => ({ ...fresh(text), bytes: undefined });
