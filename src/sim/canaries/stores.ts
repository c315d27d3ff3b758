/** Canaries that break what lies under the supervisors: stores, disks, and logs afterwards. */

import { judge } from "#ports/commit-rules.ts";
import type { Canary } from "./canary.ts";

/** A commit is durable so much after its answer, where that is broken, ms. */
const LATE_MS = 300;

const withBitFlipped = (record: Uint8Array): Uint8Array => {
  const at = record.length >> 1;
  return record.map((byte, i) => (i === at ? byte ^ 1 : byte));
};

export const STORE_CANARIES: readonly Canary[] = [
  {
    name: "stale-head-accepted",
    what: "the store takes a commit that was not built on its head, under any epoch",
    properties: ["P4", "P7"],
    rule: (write, row, exists) => {
      const verdict = judge(write, row, exists);
      return verdict !== "apply" && verdict.kind === "refused" ? "apply" : verdict;
    },
  },
  {
    name: "old-leader-obeyed",
    what: "the store takes the commits of a leader from whom the bucket was taken over",
    properties: ["P4"],
    rule: (write, row, exists) => judge(write, { ...row, leader: write.epoch }, exists),
  },
  {
    name: "unknown-taken-for-committed",
    what: "a commit whose answer is unknown counts as committed",
    properties: ["E6", "P4", "P7"],
    store: (store) => ({
      ...store,
      commit: async (writes) =>
        (await store.commit(writes)).map((outcome) =>
          outcome.kind === "unknown" ? { bucket: outcome.bucket, kind: "committed" } : outcome,
        ),
    }),
  },
  {
    name: "output-before-commit",
    what: "outputs leave before their record is durable",
    properties: ["P4", "E6"],
    store: (store, after) => ({
      ...store,
      commit: (writes) => {
        after(LATE_MS, () => void store.commit(writes).catch(() => undefined));
        return Promise.resolve(
          writes.map(({ bucket }) => ({ bucket, kind: "committed" as const })),
        );
      },
    }),
  },
  {
    name: "acknowledged-then-lost",
    what: "the disk acknowledges what it has not synced, and a crash takes it back",
    properties: ["E6", "P4", "P7"],
    supervisors: "one",
    disk: (disk) => disk.stopSyncing(),
  },
  {
    name: "bit-flipped-in-a-log",
    what: "one bit of one record of the longest log is another, afterwards",
    properties: ["P7"],
    observation: (seen) => {
      const [bucket, chain] = [...seen.logs].reduce((a, b) => (b[1].length > a[1].length ? b : a));
      const at = chain.length >> 1;
      const flipped = chain.map((record, i) => (i === at ? withBitFlipped(record) : record));
      return { ...seen, logs: new Map(seen.logs).set(bucket, flipped) };
    },
  },
];
