import { describe, expect, it } from "vitest";
import { STRETCH_BYTES } from "#envelope/packed-bytes.ts";
import { completed } from "#ports/snapshot-parts.ts";
import type { Snapshot, SnapshotWrite, Store } from "#ports/store.ts";
import { BucketState, REST_MS } from "#runtime/bucket/state.ts";
import { newLed } from "#runtime/host/led.ts";
import { loadBucket } from "#runtime/host/recovery.ts";
import { openState, partNames, savedState } from "#runtime/host/saved-state.ts";
import { saveTaken, takeSnapshot } from "#runtime/host/snapshots.ts";
import { createApplication } from "../toy/application.ts";

const app = createApplication();
const BUCKET = 1;
const ROW = { end: "x".repeat(700) };

/** So many rows of ended needs, beginning with this one. */
const archive = (state: BucketState, first: number, rows: number): void => {
  for (let n = first; n < first + rows; n += 1) state.archived.add(`need ${n}`, { ...ROW, n });
};
const given = ({ parts }: SnapshotWrite): boolean[] =>
  parts.map(({ bytes }) => bytes !== undefined);

describe("a saved state", () => {
  it("has whole stretches of what only grows as parts, and is opened as it was", () => {
    const state = new BucketState(BUCKET);
    archive(state, 0, 500);
    state.decided.add("need/1");
    const first = savedState(state);
    expect(given(first)).toEqual([true, true, true, true, true]);
    expect(first.bytes.length).toBeLessThan(STRETCH_BYTES);
    const opened = openState(completed(first, undefined), app);
    expect(opened?.encode()).toEqual(state.encode());
    expect(opened?.archived.get("need 499")).toEqual({ ...ROW, n: 499 });

    archive(opened!, 500, 100);
    const second = savedState(opened!, partNames(first));
    expect(given(second)).toEqual([false, false, false, false, false, true]);
    expect(second.parts.slice(0, 5).map(({ hash }) => hash)).toEqual(
      first.parts.map(({ hash }) => hash),
    );
    const again = openState(completed(second, completed(first, undefined)), app);
    expect(again?.encode()).toEqual(opened!.encode());
  });

  it("does not change when the state does", () => {
    const state = new BucketState(BUCKET);
    archive(state, 0, 300);
    const saved = completed(savedState(state), undefined);
    const before = state.encode();
    const copy = structuredClone(before);
    archive(state, 300, 300);
    expect(openState(saved, app)?.encode()).toEqual(copy);
  });

  it("has parts of several arrays, each in memory of its own", () => {
    const state = new BucketState(BUCKET);
    archive(state, 0, 300);
    for (let n = 0; n < 200; n += 1) state.rows.set(`row ${n}`, { ...ROW, n });
    for (const times of [1, 2]) {
      state.atMs = times * REST_MS;
      state.rest();
    }
    const { parts, ...saved } = savedState(state);
    expect(parts).toHaveLength(5);
    for (const { bytes } of parts) expect(bytes?.buffer.byteLength).toBe(STRETCH_BYTES);
    const opened = openState(completed({ ...saved, parts }, undefined), app);
    expect(opened?.encode()).toEqual(state.encode());
    expect(opened?.rows.peek("row 199")).toEqual({ ...ROW, n: 199 });
  });

  it("is loaded with the names of its parts, which the next one need not bring", async () => {
    const state = new BucketState(BUCKET);
    archive(state, 0, 300);
    const saved = savedState(state);
    const store = {
      loadSnapshot: async () => completed(saved, undefined),
      read: async () => [],
      head: async () => ({ records: 0, hash: state.hash }),
    } as unknown as Store;
    const open = async (): Promise<unknown> => undefined;
    const loaded = await loadBucket({ app, store, open, inHand: () => {} }, BUCKET);
    expect(loaded.savedParts).toEqual(partNames(saved));
    expect(given(savedState(loaded.state, loaded.savedParts))).toEqual([false, false, false]);
  });

  it("is none where a part is not what it is called (V2)", () => {
    const state = new BucketState(BUCKET);
    archive(state, 0, 300);
    const saved = completed(savedState(state), undefined);
    expect(openState(saved, app)).toBeDefined();
    const parts = saved.parts.map((part, at) =>
      at === 1 ? { ...part, bytes: part.bytes.with(9, part.bytes[9]! ^ 1) } : part,
    );
    expect(openState({ ...saved, parts }, app)).toBeUndefined();
  });
});

it("is stored with the bytes of its new parts alone, until one could not be stored", async () => {
  const led = newLed(BUCKET, { generation: 0, revision: 1 }, 0);
  let stored: Snapshot | undefined;
  let isBroken = false;
  const saves: boolean[][] = [];
  const events: unknown[] = [];
  const saveSnapshot = async (snapshot: SnapshotWrite): Promise<void> => {
    saves.push(given(snapshot));
    if (isBroken) throw new Error("the disk is gone");
    stored = completed(snapshot, stored);
  };
  const save = async (): Promise<void> => {
    takeSnapshot(led);
    const store = { saveSnapshot } as Parameters<typeof saveTaken>[1]["store"];
    await saveTaken(led, { store, event: (event) => void events.push(event) });
  };
  archive(led.state, 0, 300);
  await save();
  archive(led.state, 300, 100);
  await save();
  isBroken = true;
  await save();
  isBroken = false;
  await save();
  expect(saves).toEqual([
    [true, true, true],
    [false, false, false, true],
    [false, false, false, false],
    [true, true, true, true],
  ]);
  expect(events).toMatchObject([{ type: "snapshot_failed", cause: "the disk is gone" }]);
  expect(openState(stored!, app)?.encode()).toEqual(led.state.encode());
});
