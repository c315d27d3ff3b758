import { describe, expect, it } from "vitest";
import { ReplayDiverged } from "#runtime/bucket/replay-record.ts";
import {
  decodeRecord,
  encodeRecord,
  GENESIS_PARENT,
  hashRecord,
  type Entry,
  type LogRecord,
} from "#runtime/log/record.ts";
import { replayLogs, stateHashOf } from "#runtime/replay/replay.ts";
import { createApplication } from "../toy/application.ts";
import { Rig } from "../toy/rig.ts";

const ALL = [1, 2, 256];

/** A log with everything in it. */
const lived = async (): Promise<Rig> => {
  const rig = await Rig.open(ALL);
  await rig.say(256, "PUBLISH", { text: "document" });
  for (const [verb, body] of [
    ["ADD", { by: 1 }],
    ["READ", {}],
    ["ROLL", {}],
    ["PING", { bucket: 2 }],
    ["LATER", { afterMs: [300] }],
    ["ONCE", { key: "k" }],
    ["PRESS", {}],
  ] as const)
    await rig.say(1, verb, body);
  await rig.advance(1_000);
  await rig.say(2, "PING", { bucket: 1 });
  return rig;
};

const logsOf = async (rig: Rig): Promise<Map<number, readonly Uint8Array[]>> =>
  new Map(await Promise.all(ALL.map(async (b) => [b, await rig.store.read(b, 0, 1_000)] as const)));
const replay = (logs: Map<number, readonly Uint8Array[]>) =>
  replayLogs(createApplication(), ALL, (bucket) => logs.get(bucket) ?? []);

/** The log with other entries in one record, and a chain that is whole again behind it. */
const forged = (
  log: readonly Uint8Array[],
  at: number,
  change: (entries: Entry[]) => readonly Entry[],
): Uint8Array[] => {
  const records = log.map(decodeRecord);
  const out: Uint8Array[] = [];
  let parent = GENESIS_PARENT;
  let first = 0;
  for (const [index, record] of records.entries()) {
    const entries = index === at ? change([...record.entries]) : record.entries;
    const next: LogRecord = { ...record, parent, first, entries };
    out.push(encodeRecord(next));
    parent = hashRecord(out.at(-1)!);
    first += entries.length;
  }
  return out;
};

const indexOf = (log: readonly Uint8Array[], verb: string): number =>
  log
    .map(decodeRecord)
    .findIndex(({ entries }) => entries.some((e) => e.kind === "derived" && e.verb === verb));

const divergence = async (logs: Map<number, readonly Uint8Array[]>): Promise<ReplayDiverged> => {
  const error: unknown = await replay(logs).then(
    () => "it replayed",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ReplayDiverged);
  return error as ReplayDiverged;
};

describe("replay of whole logs", () => {
  it("gives the live state's hash and the same bytes of every leader entry (P2)", async () => {
    const rig = await lived();
    const { stateHash, buckets, entries } = await replay(await logsOf(rig));
    expect(stateHash).toBe(stateHashOf(ALL.map((bucket) => rig.state(bucket))));
    const sizes = ALL.map((bucket) => rig.state(bucket).size);
    expect(entries).toBe(sizes.reduce((sum, size) => sum + size, 0));
    for (const bucket of ALL) {
      expect(buckets.get(bucket)!.tree.root()).toEqual(rig.state(bucket).tree.root());
      expect(buckets.get(bucket)!.encode()).toEqual(rig.state(bucket).encode());
    }
  });

  it("reads drawn secrets back from the log: it has no chance of its own", async () => {
    const rig = await lived();
    const logs = await logsOf(rig);
    const at = indexOf(logs.get(1)!, "ROLLED");
    const other = new Uint8Array(32).fill(9);
    const change = (entries: Entry[]): Entry[] =>
      entries.map((e) =>
        e.kind === "derived" && e.verb === "ROLLED" ? { ...e, body: { value: other } } : e,
      );
    // The toy's dice say nothing else of their value, so another value is another, whole history.
    logs.set(1, forged(logs.get(1)!, at, change));
    const { buckets } = await replay(logs);
    expect(buckets.get(1)!.hash).not.toEqual(rig.state(1).hash);
    logs.set(
      1,
      forged(logs.get(1)!, at, (entries) => entries.slice(0, 1)),
    );
    expect((await divergence(logs)).message).toContain("drawn secret");
  });

  const derived =
    (verb: string, spoil: (e: Entry & { kind: "derived" }) => Entry) =>
    (entries: Entry[]): Entry[] =>
      entries.map((e) => (e.kind === "derived" && e.verb === verb ? spoil(e) : e));
  const rows: [string, string, (entries: Entry[]) => readonly Entry[]][] = [
    ["a changed body", "COUNTED", derived("COUNTED", (e) => ({ ...e, body: { total: 2 } }))],
    ["another verb", "COUNTED", derived("COUNTED", (e) => ({ ...e, verb: "PAID" }))],
    ["another thread", "PONG", derived("PONG", (e) => ({ ...e, thread: "bucket:9" }))],
    ["a dropped entry", "COUNTED", (entries) => entries.slice(0, -1)],
    ["an entry too many", "COUNTED", (entries) => [...entries, entries.at(-1)!]],
    ["a firing that the log hides", "RANG", () => [{ kind: "given", verb: "TICK", body: {} }]],
  ];
  it.each(rows)("names bucket and position of %s", async (_, verb, change) => {
    const rig = await lived();
    const logs = await logsOf(rig);
    const at = indexOf(logs.get(1)!, verb);
    const first = decodeRecord(logs.get(1)![at]!).first;
    logs.set(1, forged(logs.get(1)!, at, change));
    const error = await divergence(logs);
    expect([error.code, error.bucket]).toEqual(["REPLAY_DIVERGED", 1]);
    expect(error.position).toBeGreaterThanOrEqual(first);
    expect(error.position).toBeLessThanOrEqual(first + 3);
  });

  it("sees two derived entries of one input in the wrong order", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [5] });
    rig.nowMs += 10;
    await rig.say(1, "ADD", { by: 1 });
    const logs = await logsOf(rig);
    const at = indexOf(logs.get(1)!, "COUNTED");
    logs.set(
      1,
      forged(logs.get(1)!, at, ([rang, said, counted]) => [counted!, said!, rang!]),
    );
    expect(await divergence(logs)).toMatchObject({ bucket: 1, position: 2 });
  });

  const chains: [string, (log: readonly Uint8Array[]) => Uint8Array[], string][] = [
    ["a record left out", (log) => [...log.slice(0, 2), ...log.slice(3)], "continue"],
    ["two records swapped", ([a, b, c, ...rest]) => [a!, c!, b!, ...rest], "continue"],
    ["a record twice", (log) => [...log.slice(0, 2), log[1]!, ...log.slice(2)], "continue"],
    [
      "a record of another past",
      (log) => {
        const record = decodeRecord(log[1]!);
        return [log[0]!, encodeRecord({ ...record, parent: new Uint8Array(32).fill(1) })];
      },
      "parent",
    ],
    [
      "time that runs backwards",
      (log) => {
        const last = decodeRecord(log.at(-1)!);
        return [...log.slice(0, -1), encodeRecord({ ...last, atMs: 0 })];
      },
      "backwards",
    ],
    [
      "an older epoch",
      (log) => {
        const last = decodeRecord(log.at(-1)!);
        return [...log.slice(0, -1), encodeRecord({ ...last, revision: 0 })];
      },
      "epoch",
    ],
    [
      "an empty record",
      (log) => {
        const last = decodeRecord(log.at(-1)!);
        return [...log.slice(0, -1), encodeRecord({ ...last, entries: [] })];
      },
      "empty",
    ],
  ];
  it.each(chains)("refuses %s", async (_, spoil, message) => {
    const logs = await logsOf(await lived());
    logs.set(1, spoil(logs.get(1)!));
    const error = await divergence(logs);
    expect([error.bucket, error.message]).toEqual([1, expect.stringContaining(message)]);
  });

  it("refuses a pin of a document that nobody published", async () => {
    const logs = await logsOf(await lived());
    logs.set(256, []);
    expect((await divergence(logs)).message).toContain("nobody published");
  });
});
