/**
 * Compares what must agree, and names what does not. A pure function of one view; since no two parts of
 * a view are of the same moment, a finding is drift only once the next view shows it too (`standing`).
 *
 * F1  A view of parts that agree, or that are one step of a need or of a commit apart, has no finding.
 * F2  Each finding is about one need or one bucket and does not depend on what else is seen, nor on order.
 */

import type { HeldNeed, LedLog, OpenNeed, View } from "./view.ts";

/** Every kind of finding, and what it says. */
export const FINDINGS = {
  "unowned-hold": "money is held for a need that is not open (E5)",
  "unheld-need": "a funded need is open, and nothing is held for it (E3)",
  "attempts-apart": "the ledger has another attempt open than the need's bucket",
  "two-leases": "a need has more than one live lease (P5)",
  "unbonded-lease": "a worker holds a lease, and its bond is not held",
  "unregistered-worker": "a worker holds a lease, and the registry does not know it",
  "led-elsewhere": "the bucket is led here, and not so in the consensus store (P4)",
  "not-loaded": "the bucket is led here, and no host has loaded it",
  "bucket-halted": "the bucket is halted",
  "head-ahead": "the head is above all that its leader has built (P4)",
  "not-on-disk": "its newest record is not on its leader's disk",
  "not-on-stream": "a record of its log is not on the stream",
} as const;

export type FindingKind = keyof typeof FINDINGS;

/** What putting the records back heals: wherever one copy is left, there will be two again. */
const MENDED_BY_RECORDS: readonly FindingKind[] = ["not-on-disk", "not-on-stream"];

export interface Finding {
  readonly kind: FindingKind;
  readonly bucket: number;
  /** Absent: it is about the bucket. */
  readonly need?: string;
}

type Check<T> = readonly [FindingKind, (seen: T) => boolean];

/** Of a hold that is older than the open attempt: the posting's answer is under way to the bucket. */
const isOneStepApart = (held: number, open: number): boolean => held === open || held === open + 1;

const OF_NEEDS: readonly Check<OpenNeed>[] = [
  ["unheld-need", ({ isFunded, held }) => isFunded && held.attempt === undefined],
  [
    "attempts-apart",
    ({ isFunded, held, attempt }) =>
      isFunded && held.attempt !== undefined && !isOneStepApart(held.attempt, attempt),
  ],
  ["two-leases", ({ leases }) => leases.length > 1],
  [
    "unbonded-lease",
    ({ leases, held, attempt }) =>
      held.attempt === attempt && leases.some((worker) => worker !== held.bondOf),
  ],
  ["unregistered-worker", ({ held }) => held.strangers.length > 0],
];

const OF_HOLDS: readonly Check<HeldNeed>[] = [["unowned-hold", ({ isOpen }) => !isOpen]];

const ofLogs = (name: string): readonly Check<LedLog>[] => [
  ["led-elsewhere", ({ leader }) => leader !== name],
  ["not-loaded", ({ built, isHalted }) => built === undefined && !isHalted],
  ["bucket-halted", ({ isHalted }) => isHalted],
  ["head-ahead", ({ built, records }) => built !== undefined && built < records],
  ["not-on-disk", ({ isOnDisk, records }) => records > 0 && !isOnDisk],
  ["not-on-stream", ({ isOnStream, records }) => records > 0 && !isOnStream],
];

const found = <T extends { readonly bucket: number; readonly need?: string }>(
  checks: readonly Check<T>[],
  all: readonly T[],
): readonly Finding[] =>
  all.flatMap((seen) =>
    checks.flatMap(([kind, isFound]) => {
      const { bucket, need } = seen;
      return isFound(seen) ? [{ kind, bucket, ...(need === undefined ? {} : { need }) }] : [];
    }),
  );

export const reconcile = ({ name, needs, holds, logs }: View): readonly Finding[] => [
  ...found(OF_NEEDS, needs),
  ...found(OF_HOLDS, holds),
  ...found(ofLogs(name), logs),
];

const keyOf = ({ kind, bucket, need }: Finding): string => `${kind} ${bucket} ${need ?? ""}`;

/** Those of `now` that the view before showed too. */
export const standing = (
  before: readonly Finding[],
  now: readonly Finding[],
): readonly Finding[] => {
  const known = new Set(before.map(keyOf));
  return now.filter((finding) => known.has(keyOf(finding)));
};

/** Buckets whose records are to be put back, each once. */
export const bucketsToMend = (findings: readonly Finding[]): readonly number[] => [
  ...new Set(
    findings.filter(({ kind }) => MENDED_BY_RECORDS.includes(kind)).map(({ bucket }) => bucket),
  ),
];
