import fc from "fast-check";
import { expect, it } from "vitest";
import {
  auctionActor,
  challengeActor,
  committeeActor,
  committeeRow,
  leaseActor,
  needActor,
  needOf,
  needRow,
  planRow,
  priceRow,
} from "#actors/names.ts";
import { cidOf } from "#envelope/cid.ts";

const idOf = (number: number): string => cidOf(Uint8Array.of(number, number >> 8));

/** Few of each, so that names come again, and many needs, so that their places are taken by others. */
const asked = fc.record({
  need: fc.nat(5_000).map(idOf),
  attempt: fc.integer({ min: 1, max: 3 }),
  question: fc.constantFrom("plan" as const, "result" as const, "challenge" as const),
});

it("names are what their parts say, whatever was named before", () => {
  fc.assert(
    fc.property(fc.array(asked, { minLength: 1, maxLength: 200 }), (all) => {
      for (const { need, attempt, question } of [...all, ...all.toReversed()]) {
        expect(needActor(need)).toBe(`need:${need}`);
        expect(auctionActor(need, attempt)).toBe(`auction:${need}:${attempt}`);
        expect(leaseActor(need, attempt)).toBe(`lease:${need}:${attempt}`);
        const committee = committeeActor(need, attempt, question);
        expect(committee).toBe(`committee:${need}:${attempt}:${question}`);
        expect(committeeRow(committee)).toBe(`about:${committee}`);
        expect(priceRow(`lease:${need}:${attempt}`)).toBe(`price:lease:${need}:${attempt}`);
        expect([needRow(need), planRow(need)]).toEqual([`spec:${need}`, `plan:${need}`]);
        const actors = [needActor(need), committee, leaseActor(need, attempt)];
        expect(actors.map((actor) => needOf(actor))).toEqual([need, need, need]);
      }
    }),
  );
});

it.each([
  ["ledger", ""],
  ["", ""],
  ["need:", ""],
  ["need:a", "a"],
  ["auction:a:1", "a"],
  [challengeActor("a", "b"), "a"],
])("the need of %j is %j", (actor, need) => {
  expect(needOf(actor)).toBe(need);
  expect(needOf(actor)).toBe(need);
});
