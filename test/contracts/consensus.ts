/**
 * What every Consensus must do, whatever it is made of. A rig connects supervisors to one store. Time
 * is the rig's: `pass` lets at least so much of it go by, and the sessions that were not kept end.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyHead } from "#ports/commit-rules.ts";
import type { Consensus, HeadWrite, Session } from "#ports/consensus.ts";
import type { CommitOutcome, Epoch, Head } from "#ports/store.ts";
import { record } from "./store.ts";

export interface ConsensusRig {
  readonly connect: () => Promise<Consensus>;
  readonly pass: (ms: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
  /** The shortest TTL that the store knows, ms. */
  readonly ttlMs: number;
}

const BUCKETS = Array.from({ length: 257 }, (_, bucket) => bucket);
const DAY_MS = 86_400_000;

/** A head one record further, whose record holds `content`. */
export const writeOn = (
  head: Head,
  epoch: Epoch,
  content: string,
  keys: { decides?: readonly string[]; decided?: readonly string[] } = {},
): HeadWrite => {
  const { bucket } = head;
  const parent = head.hash.slice();
  const { hash } = record(parent, `${content} after ${Buffer.from(parent).toString("hex")}`);
  const next: Head = { bucket, epoch, records: head.records + 1, size: head.size + 1, hash };
  const { decides = [], decided = [] } = keys;
  return { bucket, epoch, parent, head: next, decides, decided };
};

const isAbove = (a: Epoch, b: Epoch): boolean =>
  a.generation === b.generation ? a.revision > b.revision : a.generation > b.generation;

export const consensusContract = (name: string, makeRig: () => Promise<ConsensusRig>): void => {
  describe(`the consensus contract, kept by ${name}`, () => {
    let rig: ConsensusRig;
    let ann: Consensus;
    let bea: Consensus;
    beforeEach(async () => {
      rig = await makeRig();
      ann = await rig.connect();
      bea = await rig.connect();
    });
    afterEach(async () => {
      await ann.close();
      await bea.close();
      await rig.dispose();
    });

    const joined = async (who: Consensus, as: string): Promise<Session> =>
      who.join(as, DAY_MS, `built by ${as}`);
    const namesSeenBy = async (who: Consensus): Promise<readonly string[]> =>
      (await who.members()).map((member) => member.name);
    const epochOf = async (session: Session, bucket: number): Promise<Epoch> => {
      const [row] = await session.campaign([bucket]);
      expect(row).toMatchObject({ bucket, holder: session.name });
      return row!.epoch;
    };
    const headOf = async (who: Consensus, bucket: number): Promise<Head> =>
      (await who.heads([bucket]))[0]!;
    const one = async (who: Consensus, write: HeadWrite): Promise<CommitOutcome> =>
      (await who.commit([write]))[0]!;

    describe("pins", () => {
      it("say whom the operator wants to lead a bucket, until he takes it back", async () => {
        let changes = 0;
        const stop = bea.watch(() => (changes += 1));
        await ann.pin(BUCKETS, "bea");
        await ann.pin([3, 256], "ann");
        const pins = await bea.pins();
        expect([pins.size, pins.get(0), pins.get(3), pins.get(256)]).toEqual([
          257,
          "bea",
          "ann",
          "ann",
        ]);
        await bea.pin(BUCKETS.slice(1), undefined);
        expect([...(await ann.pins())]).toEqual([[0, "bea"]]);
        expect(await ann.members()).toEqual([]);
        expect(await ann.leaders()).toEqual([]);
        await expect.poll(() => changes).toBeGreaterThan(0);
        stop();
      });
    });

    describe("sessions", () => {
      it("are listed by name, to everybody, while they live", async () => {
        const second = await joined(bea, "bea");
        await joined(ann, "ann");
        expect(await namesSeenBy(ann)).toEqual(["ann", "bea"]);
        await second.end();
        expect(await namesSeenBy(bea)).toEqual(["ann"]);
      });

      it("show who was there first, and of what each is built, whatever they say later", async () => {
        const second = await joined(bea, "bea");
        const first = await joined(ann, "ann");
        const shown = async () =>
          (await ann.members()).map(({ name, build, since }) => ({ name, build, since }));
        const before = await shown();
        expect(before.map(({ name, build }) => [name, build])).toEqual([
          ["ann", "built by ann"],
          ["bea", "built by bea"],
        ]);
        expect(before[1]!.since).toBeLessThan(before[0]!.since);
        await second.say(true);
        await second.say(false);
        expect(await shown()).toEqual(before);
        await second.end();
        await joined(bea, "bea");
        expect((await shown())[1]!.since).toBeGreaterThan(before[0]!.since);
        await first.end();
      });

      it("say of themselves that they are cut off from the bus, and that they are not", async () => {
        const first = await joined(ann, "ann");
        await joined(bea, "bea");
        let changes = 0;
        const stop = bea.watch(() => (changes += 1));
        await first.say(true);
        expect(await bea.members()).toMatchObject([
          { name: "ann", isCutOff: true, build: "built by ann" },
          { name: "bea", isCutOff: false, build: "built by bea" },
        ]);
        await expect.poll(() => changes).toBeGreaterThan(0);
        stop();
        expect(await first.campaign([1])).toHaveLength(1);
        await first.say(false);
        expect((await bea.members())[0]).toMatchObject({ name: "ann", isCutOff: false });
        await first.end();
        await expect(first.say(true)).rejects.toThrow(/SESSION_LOST/);
        expect(await namesSeenBy(bea)).toEqual(["bea"]);
      });

      it("refuse a name that a living one has, and take it once that has ended", async () => {
        const first = await joined(ann, "ann");
        await expect(joined(bea, "ann")).rejects.toThrow(/DATA_IN_USE/);
        await first.end();
        expect((await joined(bea, "ann")).name).toBe("ann");
      });

      it("live on as long as they are kept, and end when they are not", async () => {
        const { ttlMs } = rig;
        const kept = await ann.join("kept", ttlMs, "");
        const left = await bea.join("left", ttlMs, "");
        await kept.campaign([1]);
        await left.campaign([2]);
        for (let passed = 0; passed < 2 * ttlMs; passed += ttlMs / 4) {
          await kept.keepAlive();
          await rig.pass(ttlMs / 4);
        }
        expect(await namesSeenBy(ann)).toEqual(["kept"]);
        expect((await ann.leaders()).map(({ bucket }) => bucket)).toEqual([1]);
        await expect(left.keepAlive()).rejects.toThrow(/SESSION_LOST/);
        await expect(left.campaign([3])).rejects.toThrow(/SESSION_LOST/);
      });

      it("say so once they have been ended, and end twice without harm", async () => {
        const session = await joined(ann, "ann");
        await session.end();
        await session.end();
        await expect(session.keepAlive()).rejects.toThrow(/SESSION_LOST/);
      });
    });

    describe("leadership", () => {
      it("goes to one of those who campaign, whole", async () => {
        const sessions = [await joined(ann, "ann"), await joined(bea, "bea")];
        const won = await Promise.all(sessions.map((session) => session.campaign(BUCKETS)));
        const rows = won.flat().sort((a, b) => a.bucket - b.bucket);
        expect(rows.map(({ bucket }) => bucket)).toEqual(BUCKETS);
        const stored = [...(await ann.leaders())].sort((a, b) => a.bucket - b.bucket);
        expect(stored).toEqual(rows);
      });

      it("is not taken from who has it, nor from oneself", async () => {
        const first = await joined(ann, "ann");
        await first.campaign([1, 2]);
        expect(await (await joined(bea, "bea")).campaign([2])).toEqual([]);
        expect(await first.campaign([1])).toEqual([]);
      });

      it("is under an epoch above all earlier ones, after a resignation and after an end", async () => {
        const first = await joined(ann, "ann");
        const second = await joined(bea, "bea");
        const epochs = [await epochOf(first, 5)];
        await first.resign([{ bucket: 5, epoch: epochs[0]! }]);
        epochs.push(await epochOf(second, 5));
        await second.end();
        epochs.push(await epochOf(first, 5));
        expect(isAbove(epochs[1]!, epochs[0]!)).toBe(true);
        expect(isAbove(epochs[2]!, epochs[1]!)).toBe(true);
      });

      it("is given up only by who has it", async () => {
        const first = await joined(ann, "ann");
        const second = await joined(bea, "bea");
        const epoch = await epochOf(first, 1);
        await second.resign([{ bucket: 1, epoch }]);
        expect((await ann.leaders()).map(({ holder }) => holder)).toEqual(["ann"]);
        await first.resign([1, 2].map((bucket) => ({ bucket, epoch })));
        expect(await ann.leaders()).toEqual([]);
      });

      it("is not given up by a resignation from an earlier one", async () => {
        const session = await joined(ann, "ann");
        const old = await epochOf(session, 1);
        await session.resign([{ bucket: 1, epoch: old }]);
        const epoch = await epochOf(session, 1);
        await session.resign([{ bucket: 1, epoch: old }]);
        expect(await bea.leaders()).toEqual([{ bucket: 1, holder: "ann", epoch }]);
      });

      it("ends with its session", async () => {
        const first = await joined(ann, "ann");
        await first.campaign(BUCKETS);
        await first.end();
        expect(await bea.leaders()).toEqual([]);
      });

      it("is told of when it changes", async () => {
        const told = new Promise<void>((resolve) => {
          const stop = bea.watch(() => {
            stop();
            resolve();
          });
        });
        await (await joined(ann, "ann")).campaign([1]);
        await told;
        expect(await bea.leaders()).toHaveLength(1);
      });
    });

    describe("heads", () => {
      it("of buckets that nobody has written are empty, in the order asked", async () => {
        expect(await ann.heads([9, 3])).toEqual([emptyHead(9), emptyHead(3)]);
      });

      it("move by a commit under the leader's epoch, for everybody to see", async () => {
        const epoch = await epochOf(await joined(ann, "ann"), 1);
        const first = writeOn(emptyHead(1), epoch, "a");
        const second = writeOn(first.head, epoch, "b");
        expect(await one(ann, first)).toEqual({ bucket: 1, kind: "committed" });
        expect(await one(ann, second)).toEqual({ bucket: 1, kind: "committed" });
        expect(await headOf(bea, 1)).toEqual(second.head);
      });

      it("say committed again to the same write", async () => {
        const epoch = await epochOf(await joined(ann, "ann"), 1);
        const write = writeOn(emptyHead(1), epoch, "a", { decides: ["n/1"] });
        await one(ann, write);
        expect(await one(ann, write)).toEqual({ bucket: 1, kind: "committed" });
      });

      it("refuse another epoch than the leader's (P4)", async () => {
        const first = await joined(ann, "ann");
        const old = await epochOf(first, 1);
        const none = writeOn(emptyHead(2), old, "a");
        expect(await one(ann, none)).toEqual({ bucket: 2, kind: "refused", head: emptyHead(2) });
        await first.resign([{ bucket: 1, epoch: old }]);
        const write = writeOn(emptyHead(1), old, "a");
        const refused = { bucket: 1, kind: "refused", head: emptyHead(1) };
        expect(await one(ann, write)).toEqual(refused);
        await epochOf(await joined(bea, "bea"), 1);
        expect(await one(ann, write)).toEqual(refused);
      });

      it("refuse what was not built on them, and show themselves", async () => {
        const epoch = await epochOf(await joined(ann, "ann"), 1);
        const stands = writeOn(emptyHead(1), epoch, "a");
        await one(ann, stands);
        const rival = writeOn(emptyHead(1), epoch, "b");
        expect(await one(ann, rival)).toEqual({ bucket: 1, kind: "refused", head: stands.head });
      });

      it("let a decide key be made once, until it is deleted (P1)", async () => {
        const epoch = await epochOf(await joined(ann, "ann"), 1);
        const first = writeOn(emptyHead(1), epoch, "a", { decides: ["n/1"] });
        await one(ann, first);
        const again = writeOn(first.head, epoch, "b", { decides: ["m/1", "n/1"] });
        expect(await one(ann, again)).toEqual({ bucket: 1, kind: "decided", key: "n/1" });
        expect(await headOf(ann, 1)).toEqual(first.head);
        const other = writeOn(first.head, epoch, "c", { decides: ["m/1"], decided: ["n/1"] });
        expect(await one(ann, other)).toEqual({ bucket: 1, kind: "committed" });
        const after = writeOn(other.head, epoch, "d", { decides: ["n/1"] });
        expect(await one(ann, after)).toEqual({ bucket: 1, kind: "committed" });
      });

      it("are judged each by itself, all buckets in one call", async () => {
        const session = await joined(ann, "ann");
        const rows = await session.campaign(BUCKETS.filter((bucket) => bucket % 10 !== 0));
        const epochs = new Map(rows.map(({ bucket, epoch }) => [bucket, epoch]));
        const writes = BUCKETS.map((bucket) => {
          const epoch = epochs.get(bucket) ?? { generation: 0, revision: 0 };
          return writeOn(emptyHead(bucket), epoch, "a", { decides: [`${bucket}/1`] });
        });
        const outcomes = await ann.commit(writes);
        expect(outcomes.map(({ bucket }) => bucket)).toEqual(BUCKETS);
        const committed = outcomes.filter(({ kind }) => kind === "committed");
        expect(committed.map(({ bucket }) => bucket)).toEqual(rows.map(({ bucket }) => bucket));
        expect(outcomes.filter(({ kind }) => kind === "refused")).toHaveLength(26);
        const heads = await bea.heads(BUCKETS);
        expect(heads.map(({ records }) => records)).toEqual(
          BUCKETS.map((bucket) => (bucket % 10 === 0 ? 0 : 1)),
        );
      });

      it("take many decide keys of one bucket at once", async () => {
        const epoch = await epochOf(await joined(ann, "ann"), 1);
        const decides = Array.from({ length: 40 }, (_, at) => `n${at}/1`);
        const first = writeOn(emptyHead(1), epoch, "a", { decides });
        expect(await one(ann, first)).toEqual({ bucket: 1, kind: "committed" });
        const second = writeOn(first.head, epoch, "b", { decides: ["n39/1"] });
        expect(await one(ann, second)).toEqual({ bucket: 1, kind: "decided", key: "n39/1" });
      });
    });
  });
};
