import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bucketsToMend,
  FINDINGS,
  reconcile,
  standing,
  type FindingKind,
} from "#domain/reconcile/reconcile.ts";
import type { HeldNeed, LedLog, OpenNeed, View } from "#domain/reconcile/view.ts";

const NAME = "ann";

const openNeed: fc.Arbitrary<Omit<OpenNeed, "need">> = fc
  .record({
    bucket: fc.nat(255),
    isFunded: fc.boolean(),
    attempt: fc.integer({ min: 1, max: 8 }),
    isPosted: fc.boolean(),
    isLeased: fc.boolean(),
  })
  .map(({ bucket, isFunded, attempt, isPosted, isLeased }) => ({
    bucket,
    isFunded,
    attempt,
    leases: isFunded && isLeased ? ["did:w"] : [],
    held: isFunded
      ? {
          attempt: attempt + (isPosted ? 1 : 0),
          // A posting frees the bond before the bucket has heard of it.
          bondOf: isLeased && !isPosted ? "did:w" : undefined,
          strangers: [],
        }
      : { attempt: undefined, bondOf: undefined, strangers: [] },
  }));

const log: fc.Arbitrary<Omit<LedLog, "bucket">> = fc
  .record({ records: fc.nat(50), ahead: fc.nat(5) })
  .map(({ records, ahead }) => ({
    leader: NAME,
    records,
    built: records + ahead,
    isHalted: false,
    isOnDisk: records > 0,
    isOnStream: records > 0,
  }));

/** Whose parts agree, or are one step apart. */
const agreeing: fc.Arbitrary<View> = fc
  .record({
    needs: fc.array(openNeed, { maxLength: 20 }),
    held: fc.array(fc.nat(255), { maxLength: 20 }),
    logs: fc.array(log, { maxLength: 20 }),
  })
  .map(({ needs, held, logs }) => ({
    name: NAME,
    needs: needs.map((one, at) => ({ ...one, need: `need-${at}` })),
    holds: held.map((bucket, at) => ({ need: `held-${at}`, bucket, isOpen: true })),
    logs: logs.map((one, bucket) => ({ ...one, bucket })),
  }));

const WRONG_NEED: OpenNeed = {
  need: "wrong",
  bucket: 7,
  isFunded: true,
  attempt: 3,
  leases: ["did:w"],
  held: { attempt: 3, bondOf: "did:w", strangers: [] },
};
const WRONG_LOG: LedLog = {
  bucket: 300,
  leader: NAME,
  records: 9,
  built: 9,
  isHalted: false,
  isOnDisk: true,
  isOnStream: true,
};
const need = (change: Partial<OpenNeed>) => ({ needs: [{ ...WRONG_NEED, ...change }] });
const logged = (change: Partial<LedLog>) => ({ logs: [{ ...WRONG_LOG, ...change }] });
const held = (change: Partial<OpenNeed["held"]>) =>
  need({ held: { ...WRONG_NEED.held, ...change } });
const hold: HeldNeed = { need: "wrong", bucket: 7, isOpen: false };

/** Each kind of drift by itself: what it is like, and nothing else is found of it. */
const DRIFTS: Readonly<Record<FindingKind, readonly Partial<View>[]>> = {
  "unowned-hold": [{ holds: [hold] }],
  "unheld-need": [held({ attempt: undefined, bondOf: undefined })],
  "attempts-apart": [held({ attempt: 2 }), held({ attempt: 5 })],
  "two-leases": [
    need({
      leases: ["did:w", "did:w"],
    }),
  ],
  "unbonded-lease": [held({ bondOf: undefined }), held({ bondOf: "did:x" })],
  "unregistered-worker": [held({ strangers: ["did:w"] })],
  "led-elsewhere": [logged({ leader: "bea" }), logged({ leader: undefined })],
  "not-loaded": [logged({ built: undefined })],
  "bucket-halted": [logged({ isHalted: true }), logged({ isHalted: true, built: undefined })],
  "head-ahead": [logged({ built: 8 })],
  "not-on-disk": [logged({ isOnDisk: false })],
  "not-on-stream": [logged({ isOnStream: false })],
};

const mixed = (view: View, more: Partial<View>): View => ({
  name: NAME,
  needs: [...view.needs, ...(more.needs ?? [])],
  holds: [...view.holds, ...(more.holds ?? [])],
  logs: [...view.logs, ...(more.logs ?? [])],
});

describe("reconciling", () => {
  it("finds nothing where all agree, or are one step apart (F1)", () => {
    fc.assert(
      fc.property(agreeing, (view) => {
        expect(reconcile(view)).toEqual([]);
      }),
    );
  });

  it.each(Object.entries(DRIFTS))("finds %s, and it alone, in any view (F2)", (kind, changes) => {
    for (const change of changes)
      fc.assert(
        fc.property(agreeing, (view) => {
          const findings = reconcile(mixed(view, change));
          expect(findings.map((one) => one.kind)).toEqual([kind]);
          expect(findings[0]?.bucket).toBe(change.logs === undefined ? 7 : 300);
        }),
      );
  });

  it("finds the same in whatever order it looks (F2)", () => {
    const drifts = fc.shuffledSubarray(Object.values(DRIFTS).flat());
    fc.assert(
      fc.property(agreeing, drifts, (view, changes) => {
        const seen = changes.reduce(mixed, view);
        const turned = {
          name: NAME,
          needs: seen.needs.toReversed(),
          holds: seen.holds.toReversed(),
          logs: seen.logs.toReversed(),
        };
        const sorted = (one: View): string[] =>
          reconcile(one)
            .map((f) => JSON.stringify(f))
            .sort();
        expect(sorted(turned)).toEqual(sorted(seen));
        expect(reconcile(seen)).toHaveLength(changes.length);
      }),
    );
  });

  it("says in one sentence what each kind is", () => {
    for (const text of Object.values(FINDINGS)) expect(text).toMatch(/^[a-z].*[^.]$/);
  });
});

describe("what stands", () => {
  it("is what two views in a row show", () => {
    const [first, second] = [
      { kind: "unowned-hold", bucket: 1, need: "a" },
      { kind: "unowned-hold", bucket: 1, need: "b" },
    ] as const;
    expect(standing([first], [second])).toEqual([]);
    expect(standing([first, second], [second])).toEqual([second]);
    expect(standing([first], [])).toEqual([]);
  });

  it("is mended where records are missing, each bucket once", () => {
    const kinds = ["not-on-disk", "not-on-stream", "head-ahead"] as const;
    expect(bucketsToMend(kinds.map((kind) => ({ kind, bucket: 4 })))).toEqual([4]);
    expect(bucketsToMend([{ kind: "unowned-hold", bucket: 1, need: "a" }])).toEqual([]);
  });
});
