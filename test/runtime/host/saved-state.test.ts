import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex, sha256 } from "#envelope/cid.ts";
import { STRETCH_BYTES } from "#envelope/packed-bytes.ts";
import { completed } from "#ports/snapshot-parts.ts";
import type { Snapshot, SnapshotWrite, Store } from "#ports/store.ts";
import { BucketState, REST_MS, STATE_FORMAT } from "#runtime/bucket/state.ts";
import { newLed } from "#runtime/host/led.ts";
import { loadBucket } from "#runtime/host/recovery.ts";
import { NO_PARTS, openState, partNames, savedState } from "#runtime/host/saved-state.ts";
import { saveAll, saveTaken, takeSnapshot } from "#runtime/host/snapshots.ts";
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

/** A state as text, byte arrays by their digests. */
const shortOf = (state: BucketState): string =>
  JSON.stringify(state.encode(), (_, value: unknown) => {
    if (value instanceof Uint8Array) return hex(sha256(value));
    return value instanceof Map || value instanceof Set ? [...value] : value;
  });

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

  it("holds no array that would come back as another", () => {
    const state = new BucketState(BUCKET);
    state.rows.set("row", new Float64Array([1]));
    expect(() => savedState(state)).toThrow("another array than bytes");
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

  it("that is not opened has no parts to build on: the next one brings them all", async () => {
    const state = new BucketState(BUCKET);
    archive(state, 0, 300);
    const saved = completed(savedState(state), undefined);
    const bytes = saved.bytes.with(0, STATE_FORMAT - 1);
    expect(openState({ ...saved, bytes }, app)).toBeUndefined();
    const store = {
      loadSnapshot: async () => ({ ...saved, bytes }),
      read: async () => [],
      head: async () => ({ records: 0, hash: state.hash }),
    } as unknown as Store;
    const open = async (): Promise<unknown> => undefined;
    const loaded = await loadBucket({ app, store, open, inHand: () => {} }, BUCKET);
    expect(loaded.savedParts.size).toBe(0);
    expect(() => openState({ ...saved, parts: saved.parts.slice(1) }, app)).toThrow("lacks a part");
  });

  it("leads back to the same state whatever was set, forgotten and put to rest between", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ set: fc.nat(40), size: fc.nat(9_000) }) },
      { weight: 3, arbitrary: fc.record({ drop: fc.nat(40) }) },
      { weight: 2, arbitrary: fc.constant("rest" as const) },
      { weight: 2, arbitrary: fc.constant("archive" as const) },
      { weight: 2, arbitrary: fc.constant("save" as const) },
      { weight: 1, arbitrary: fc.constant("restart" as const) },
    );
    let reused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 100, size: "max" }), (steps) => {
        let state = new BucketState(BUCKET);
        let stored: Snapshot | undefined;
        let ended = 0;
        const save = (): void => {
          const saved = savedState(state, stored === undefined ? NO_PARTS : partNames(stored));
          reused += given(saved).filter((isGiven) => !isGiven).length;
          stored = completed(saved, stored);
          expect(shortOf(openState(stored, app)!)).toBe(shortOf(state));
        };
        for (const one of steps) {
          if (one === "save") save();
          else if (one === "restart") {
            save();
            state = openState(stored!, app)!;
          } else if (one === "rest") {
            state.atMs += REST_MS;
            state.rest();
          } else if (one === "archive") archive(state, (ended += 40) - 40, 40);
          else if ("set" in one) state.rows.set(`row ${one.set}`, "x".repeat(one.size));
          else state.rows.delete(`row ${one.drop}`);
        }
        save();
      }),
      { numRuns: 20 },
    );
    expect(reused).toBeGreaterThan(100);
  });
});

it("is written whole at a stop where the store lacks what an earlier one had", async () => {
  const led = newLed(BUCKET, { generation: 0, revision: 1 }, 0);
  led.status = "live";
  archive(led.state, 0, 300);
  led.savedParts = partNames(savedState(led.state));
  let stored: Snapshot | undefined;
  const saveSnapshot = async (snapshot: SnapshotWrite): Promise<void> => {
    stored = completed(snapshot, stored);
  };
  await saveAll([led], { saveSnapshot }, 0);
  expect(openState(stored!, app)?.encode()).toEqual(led.state.encode());
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
