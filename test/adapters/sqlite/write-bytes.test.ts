import fc from "fast-check";
import { expect, it } from "vitest";
import {
  packOutcomes,
  packWrites,
  unpackOutcomes,
  unpackWrites,
} from "#adapters/sqlite/write-bytes.ts";
import type { BucketWrite, CommitOutcome } from "#ports/store.ts";

const bytes = fc.uint8Array({ maxLength: 300 });
const keys = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 3 });
const epoch = fc.record({ generation: fc.maxSafeNat(), revision: fc.maxSafeNat() });
const write: fc.Arbitrary<BucketWrite> = fc.record({
  bucket: fc.nat(256),
  epoch,
  parent: bytes,
  records: fc.array(fc.record({ hash: bytes, parent: bytes, bytes }), { maxLength: 4 }),
  head: fc.record({
    bucket: fc.nat(256),
    epoch,
    records: fc.maxSafeNat(),
    size: fc.maxSafeNat(),
    hash: bytes,
  }),
  decides: keys,
  decided: keys,
});

it("gives back the writes that were packed", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 5 }), (writes) => {
      expect(unpackWrites(structuredClone(packWrites(writes)))).toEqual(writes);
    }),
  );
});

it("gives back the outcomes, also where they are as nearly always", () => {
  const kinds = fc.array(fc.constantFrom("committed", "unknown"), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(write, { minLength: 4, maxLength: 4 }), kinds, (all, told) => {
      const writes = all.slice(0, told.length);
      const outcomes = writes.map(({ bucket }, at) => ({ bucket, kind: told[at] }));
      const packed = packOutcomes(outcomes as CommitOutcome[]);
      expect(packed === undefined).toBe(told.every((kind) => kind === "committed"));
      expect(unpackOutcomes(packed, writes)).toEqual(outcomes);
    }),
  );
});
