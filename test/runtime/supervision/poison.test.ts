import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { POISON_IDS_MAX, POISON_TRIES_MAX, PoisonCounts } from "#runtime/supervision/poison.ts";

describe("poison counts", () => {
  it("sets an input aside after its tries, the last of them alone", () => {
    const counts = new PoisonCounts();
    const verdicts = [["p", "q"], ["p"], ["p"]].map((ids) => counts.died(ids)[0]);
    expect(verdicts).toEqual([
      { kind: "retry-alone", id: "p", tries: 1 },
      { kind: "retry-alone", id: "p", tries: 2 },
      { kind: "dead-letter", id: "p", tries: POISON_TRIES_MAX },
    ]);
    expect(counts.isSuspect("p")).toBe(false);
    expect(counts.isSuspect("q")).toBe(true);
  });

  it("clears an innocent once it went through", () => {
    const counts = new PoisonCounts();
    counts.died(["p", "innocent"]);
    counts.settled("innocent");
    expect(counts.isSuspect("innocent")).toBe(false);
    expect(counts.size).toBe(1);
  });

  it("never condemns an input that did not die alone", () => {
    const batches = fc.array(fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 2 }));
    fc.assert(
      fc.property(batches, (list) => {
        const counts = new PoisonCounts();
        const verdicts = list.flatMap((ids) => counts.died(ids));
        expect(verdicts.every(({ kind }) => kind === "retry-alone")).toBe(true);
      }),
    );
  });

  it("finds every poison and no innocent, handing suspects out alone", () => {
    const poisoned = fc.uniqueArray(fc.nat(19), { maxLength: 5 });
    fc.assert(
      fc.property(poisoned, fc.integer({ min: 1, max: 8 }), (poison, batchMax) => {
        const counts = new PoisonCounts();
        const dead: string[] = [];
        let left = Array.from({ length: 20 }, (_, n) => `${n}`);
        for (let turn = 0; left.length > 0; turn++) {
          expect(turn).toBeLessThan(100);
          const suspect = left.find((id) => counts.isSuspect(id));
          const batch = suspect === undefined ? left.slice(0, batchMax) : [suspect];
          const dies = batch.some((id) => poison.includes(Number(id)));
          const gone = dies
            ? counts
                .died(batch)
                .flatMap((verdict) => (verdict.kind === "dead-letter" ? verdict.id : []))
            : batch;
          if (dies) dead.push(...gone);
          else batch.forEach((id) => counts.settled(id));
          left = left.filter((id) => !gone.includes(id));
        }
        expect(dead.map(Number).toSorted()).toEqual(poison.toSorted());
        expect(counts.size).toBe(0);
      }),
    );
  });

  it("remembers a bounded number and forgets the oldest death first", () => {
    const counts = new PoisonCounts();
    for (let n = 0; n <= POISON_IDS_MAX; n++) counts.died([`${n}`]);
    expect(counts.size).toBe(POISON_IDS_MAX);
    expect(counts.isSuspect("0")).toBe(false);
    expect(counts.isSuspect("1")).toBe(true);
  });
});
