/**
 * What every Store must do, whatever it is made of. A rig opens stores over one durable place: `crash`
 * ends the store of the moment without a word, as a killed process does.
 */
import { hash } from "node:crypto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { partsAreKept, partsIn } from "./snapshot-parts.ts";
import type { BucketWrite, Epoch, Head, RecordWrite, Store } from "#ports/store.ts";

export interface StoreRig {
  /** Opens the place, or rejects with DATA_IN_USE. */
  readonly open: () => Promise<Store>;
  /** A further handle of the store that is open. */
  readonly connect: () => Promise<Store>;
  readonly crash: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const ZERO = new Uint8Array(32);
const text = new TextEncoder();

export const record = (parent: Uint8Array, content: string): RecordWrite => {
  const bytes = text.encode(content);
  const own = new Uint8Array(hash("sha256", bytes, "buffer"));
  return { hash: own, parent: parent.slice(), bytes };
};

/** A write of `contents` on top of `head`, one entry per record. */
export const writeOn = (
  head: Head,
  epoch: Epoch,
  contents: readonly string[],
  keys: { decides?: readonly string[]; decided?: readonly string[] } = {},
): BucketWrite => {
  const { bucket } = head;
  const records: RecordWrite[] = [];
  let last = head.hash;
  for (const content of contents) {
    // The parent is part of the content, so that equal texts at other places have other hashes.
    records.push(record(last, `${content} after ${Buffer.from(last).toString("hex")}`));
    last = records.at(-1)!.hash;
  }
  const counts = { records: head.records + records.length, size: head.size + records.length };
  const next: Head = { bucket, epoch, ...counts, hash: last.slice() };
  const { decides = [], decided = [] } = keys;
  return { bucket, epoch, parent: head.hash.slice(), records, head: next, decides, decided };
};

const plain = (head: Head): unknown => ({ ...head, hash: Buffer.from(head.hash).toString("hex") });
const words = (records: readonly Uint8Array[]): string[] =>
  records.map((bytes) => new TextDecoder().decode(bytes).split(" ")[0]!);

export const storeContract = (name: string, makeRig: () => Promise<StoreRig>): void => {
  describe(`the store contract, kept by ${name}`, () => {
    let rig: StoreRig;
    let store: Store;
    beforeEach(async () => {
      rig = await makeRig();
      store = await rig.open();
    });
    afterEach(() => rig.dispose());

    const commitOne = async (write: BucketWrite) => (await store.commit([write]))[0]!;
    const grow = async (bucket: number, epoch: Epoch, ...contents: string[]): Promise<Head> => {
      const write = writeOn(await store.head(bucket), epoch, contents);
      expect(await commitOne(write)).toEqual({ bucket, kind: "committed" });
      return write.head;
    };
    const reopened = async (): Promise<void> => {
      await rig.crash();
      store = await rig.open();
    };

    describe("leadership", () => {
      it("gives epochs that strictly grow, across a crash too", async () => {
        const first = await store.lead([1, 2]);
        const second = await store.lead([2]);
        await reopened();
        const third = await store.lead([1]);
        const revisions = [first, second, third].map(({ revision }) => revision);
        expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
        expect(new Set([first, second, third].map(({ generation }) => generation)).size).toBe(1);
      });

      it("fences an older epoch in the buckets led anew, and only there", async () => {
        const old = await store.lead([1, 2]);
        const one = await grow(1, old, "a");
        await store.lead([1]);
        const stale = await commitOne(writeOn(one, old, ["late"]));
        expect(stale).toMatchObject({ bucket: 1, kind: "refused" });
        expect(stale.kind === "refused" && plain(stale.head)).toEqual(plain(one));
        await grow(2, old, "still led");
        expect(words(await store.read(1, 0, 9))).toEqual(["a"]);
      });

      it("refuses the write of who never led the bucket", async () => {
        const epoch = await store.lead([1]);
        const write = writeOn(await store.head(7), epoch, ["x"]);
        expect(await commitOne(write)).toMatchObject({ kind: "refused" });
        expect(plain(await store.head(7))).toMatchObject({ records: 0, size: 0 });
      });

      it("lets a new leader go on from the old one's head", async () => {
        await grow(3, await store.lead([3]), "a", "b");
        const head = await grow(3, await store.lead([3]), "c");
        expect(plain(await store.head(3))).toEqual(plain(head));
        expect(words(await store.read(3, 0, 9))).toEqual(["a", "b", "c"]);
      });
    });

    describe("commit", () => {
      it("starts from an empty head and moves it", async () => {
        const empty = { bucket: 4, epoch: { generation: 0, revision: 0 }, records: 0, size: 0 };
        expect(await store.head(4)).toMatchObject({ ...empty, hash: ZERO });
        const epoch = await store.lead([4]);
        const head = await grow(4, epoch, "a", "b");
        expect(plain(await store.head(4))).toEqual(plain(head));
      });

      it("refuses a stale parent and leaves no trace of it", async () => {
        const epoch = await store.lead([1]);
        const empty = await store.head(1);
        const winner = await grow(1, epoch, "winner");
        const loser = writeOn(empty, epoch, ["loser"], { decides: ["n/1"] });
        const outcome = await commitOne(loser);
        expect(outcome.kind === "refused" && plain(outcome.head)).toEqual(plain(winner));
        expect(words(await store.read(1, 0, 9))).toEqual(["winner"]);
        const again = writeOn(winner, epoch, ["next"], { decides: ["n/1"] });
        expect(await commitOne(again)).toMatchObject({ kind: "committed" });
      });

      it("answers the same bytes again with the same answer", async () => {
        const epoch = await store.lead([1]);
        const write = writeOn(await store.head(1), epoch, ["a"], { decides: ["n/1"] });
        expect(await commitOne(write)).toMatchObject({ kind: "committed" });
        expect(await commitOne(write)).toMatchObject({ kind: "committed" });
        await store.lead([1]);
        expect(await commitOne(write)).toMatchObject({ kind: "committed" });
        expect(words(await store.read(1, 0, 9))).toEqual(["a"]);
      });

      it("lets each bucket's result stand alone", async () => {
        const epoch = await store.lead([1, 2, 3, 4]);
        const two = await grow(2, epoch, "before");
        await commitOne(writeOn(await store.head(3), epoch, ["x"], { decides: ["n/1"] }));
        const three = await store.head(3);
        const outcomes = await store.commit([
          writeOn(await store.head(1), epoch, ["a"]),
          writeOn({ ...two, records: 0, size: 0, hash: ZERO }, epoch, ["stale"]),
          writeOn(three, epoch, ["twice"], { decides: ["n/2", "n/1"] }),
          writeOn(await store.head(4), epoch, ["b"]),
        ]);
        expect(outcomes).toMatchObject([
          { bucket: 1, kind: "committed" },
          { bucket: 2, kind: "refused" },
          { bucket: 3, kind: "decided", key: "n/1" },
          { bucket: 4, kind: "committed" },
        ]);
        expect(plain(await store.head(3))).toEqual(plain(three));
        expect(words(await store.read(4, 0, 9))).toEqual(["b"]);
      });

      it("creates a decide key once, until its need has ended", async () => {
        const epoch = await store.lead([1, 2]);
        const decide = async (bucket: number, decides: string[], decided: string[] = []) => {
          const head = await store.head(bucket);
          return commitOne(writeOn(head, epoch, ["x"], { decides, decided }));
        };
        expect(await decide(1, ["n/1"])).toMatchObject({ kind: "committed" });
        expect(await decide(1, ["n/1"])).toEqual({ bucket: 1, kind: "decided", key: "n/1" });
        // A refused key must not have been left behind by the bucket that failed on the other one.
        expect(await decide(1, ["n/2", "n/1"])).toMatchObject({ kind: "decided", key: "n/1" });
        expect(await decide(1, ["n/2"])).toMatchObject({ kind: "committed" });
        expect(await decide(1, ["n/3", "n/3"])).toMatchObject({ kind: "decided", key: "n/3" });
        expect(await decide(2, ["n/1"])).toMatchObject({ kind: "committed" });
        expect(await decide(1, [], ["n/1", "n/2"])).toMatchObject({ kind: "committed" });
        expect(await decide(1, ["n/1"])).toMatchObject({ kind: "committed" });
      });

      it("keeps the order of commits that are handed over together", async () => {
        const epoch = await store.lead([1, 2]);
        const first = writeOn(await store.head(1), epoch, ["a"]);
        const second = writeOn(first.head, epoch, ["b"]);
        const other = writeOn(await store.head(2), epoch, ["c"]);
        const outcomes = await Promise.all([first, other, second].map(commitOne));
        expect(outcomes.map(({ kind }) => kind)).toEqual(Array(3).fill("committed"));
        expect(words(await store.read(1, 0, 9))).toEqual(["a", "b"]);
      });

      it("lets one of two rivals win and tells the other the winner's head", async () => {
        const epoch = await store.lead([1]);
        const handle = await rig.connect();
        const empty = await store.head(1);
        const [one, two] = [writeOn(empty, epoch, ["one"]), writeOn(empty, epoch, ["two"])];
        const [first, second] = await Promise.all([store.commit([one]), handle.commit([two])]);
        const kinds = [first[0]!.kind, second[0]!.kind];
        expect(kinds.toSorted()).toEqual(["committed", "refused"]);
        const winner = kinds[0] === "committed" ? one : two;
        expect(plain(await store.head(1))).toEqual(plain(winner.head));
      });

      it("throws on a write that is no chain, without harm to others", async () => {
        const epoch = await store.lead([1, 2]);
        const good = writeOn(await store.head(1), epoch, ["a"]);
        const [torn, miscounted, twice] = [
          { ...good, head: { ...good.head, hash: ZERO } },
          { ...good, head: { ...good.head, records: 5 } },
          good,
        ];
        const bystander = writeOn(await store.head(2), epoch, ["b"]);
        const results = await Promise.allSettled([
          store.commit([torn]),
          store.commit([bystander]),
          store.commit([miscounted]),
          store.commit([twice, twice]),
          store.commit([{ ...good, records: [] }]),
        ]);
        expect(results.map(({ status }) => status)).toEqual([
          "rejected",
          "fulfilled",
          "rejected",
          "rejected",
          "rejected",
        ]);
        expect(words(await store.read(1, 0, 9))).toEqual([]);
        expect(words(await store.read(2, 0, 9))).toEqual(["b"]);
      });

      it("leaves the caller's bytes as they were, to be sent again", async () => {
        const epoch = await store.lead([1]);
        const write = writeOn(await store.head(1), epoch, ["a"]);
        const before = structuredClone(write);
        await commitOne(write);
        expect(write).toEqual(before);
      });
    });

    describe("the chain", () => {
      it("is read in parts, oldest first, by record index", async () => {
        const epoch = await store.lead([5]);
        await grow(5, epoch, "a", "b", "c");
        await grow(5, epoch, "d", "e");
        const parts = [
          [0, 2],
          [2, 2],
          [4, 2],
          [5, 2],
          [0, 99],
          [9, 1],
          [1, 0],
        ] as const;
        const read = await Promise.all(parts.map(([from, limit]) => store.read(5, from, limit)));
        expect(read.map(words)).toEqual([
          ["a", "b"],
          ["c", "d"],
          ["e"],
          [],
          ["a", "b", "c", "d", "e"],
          [],
          [],
        ]);
      });

      it("survives a crash with head, decide keys and every acknowledged byte", async () => {
        const epoch = await store.lead([1]);
        const first = writeOn(await store.head(1), epoch, ["a"], { decides: ["n/1"] });
        await commitOne(first);
        const head = await grow(1, epoch, "b");
        await reopened();
        expect(plain(await store.head(1))).toEqual(plain(head));
        expect(words(await store.read(1, 0, 9))).toEqual(["a", "b"]);
        // The process that died may not come back to life with its old epoch.
        const next = await store.lead([1]);
        const zombie = await commitOne(writeOn(head, epoch, ["z"]));
        expect(zombie).toMatchObject({ kind: "refused" });
        const decide = writeOn(head, next, ["c"], { decides: ["n/1"] });
        expect(await commitOne(decide)).toMatchObject({ kind: "decided", key: "n/1" });
      });
    });

    describe("snapshots", () => {
      const snapshotAt = (head: Head, content: string) => {
        const { bucket, records, size } = head;
        return {
          bucket,
          records,
          size,
          hash: head.hash.slice(),
          bytes: text.encode(content),
          parts: [],
        };
      };
      const loaded = async (bucket: number) => {
        const snapshot = await store.loadSnapshot(bucket);
        return snapshot && [snapshot.records, new TextDecoder().decode(snapshot.bytes)];
      };

      it("come back if their hash is on the chain, the newest one", async () => {
        const epoch = await store.lead([1]);
        expect(await loaded(1)).toBeUndefined();
        const one = await grow(1, epoch, "a");
        const two = await grow(1, epoch, "b");
        await store.saveSnapshot(snapshotAt(two, "newer"));
        await store.saveSnapshot(snapshotAt(one, "older"));
        await grow(1, epoch, "c");
        expect(await loaded(1)).toEqual([2, "newer"]);
        await reopened();
        expect(await loaded(1)).toEqual([2, "newer"]);
        expect(await loaded(2)).toBeUndefined();
      });

      it("keep the parts that come again, and no others", async () => {
        const epoch = await store.lead([1]);
        const heads: Head[] = [];
        for (const word of ["a", "b", "c"]) heads.push(await grow(1, epoch, word));
        await partsAreKept(store, (records) => snapshotAt(heads[records - 1]!, `at ${records}`));
        await reopened();
        expect(await partsIn(store, 1)).toEqual([3, "one", "four"]);
      });

      it("are not used off the chain, and do not replace one that is on it", async () => {
        const epoch = await store.lead([1]);
        const head = await grow(1, epoch, "a");
        await store.saveSnapshot(snapshotAt(head, "good"));
        const never = writeOn(head, epoch, ["never committed"]).head;
        await store.saveSnapshot(snapshotAt(never, "ahead"));
        await store.saveSnapshot({ ...snapshotAt(head, "forged"), hash: never.hash });
        expect(await loaded(1)).toEqual([1, "good"]);
      });
    });

    it("has one opener at a time, and the next one after a close", async () => {
      await expect(rig.open()).rejects.toMatchObject({ code: "DATA_IN_USE" });
      await store.close();
      store = await rig.open();
      expect(await store.head(1)).toMatchObject({ records: 0 });
    });

    it("agrees with a simple model on random writes of rivals", async () => {
      const step = fc.record({
        bucket: fc.integer({ min: 0, max: 2 }),
        stale: fc.boolean(),
        lead: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
        decides: fc.uniqueArray(fc.constantFrom("n/1", "n/2", "n/3"), { maxLength: 2 }),
      });
      let base = 0;
      const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        base += 10; // fresh buckets for each run: one store serves them all
        const epochs = [await store.lead([base, base + 1, base + 2])];
        const model = new Map<number, { leader: Epoch; heads: Head[]; decides: Set<string> }>();
        for (const { bucket: offset, stale, lead, decides } of steps) {
          const bucket = base + offset;
          const empty = { heads: [await store.head(bucket)], decides: new Set<string>() };
          const own = model.get(bucket) ?? { leader: epochs[0]!, ...empty };
          if (!model.has(bucket)) model.set(bucket, { ...own, heads: own.heads.slice(0, 1) });
          const state = model.get(bucket)!;
          if (lead) {
            state.leader = await store.lead([bucket]);
            epochs.push(state.leader);
          }
          const epoch = stale && epochs.length > 1 ? epochs[0]! : state.leader;
          const parent = stale ? state.heads[0]! : state.heads.at(-1)!;
          const write = writeOn(parent, epoch, [`${epochs.length}:${state.heads.length}`], {
            decides,
          });
          const current = state.heads.at(-1)!;
          const fits = epoch === state.leader && parent === current;
          const taken = decides.find((key) => state.decides.has(key));
          const kind = !fits ? "refused" : taken === undefined ? "committed" : "decided";
          expect(await commitOne(write)).toMatchObject({ bucket, kind });
          if (kind === "committed") {
            state.heads.push(write.head);
            for (const key of decides) state.decides.add(key);
          }
          expect(plain(await store.head(bucket))).toEqual(plain(state.heads.at(-1)!));
        }
      });
      await fc.assert(property, { numRuns: 25 });
    });
  });
};
