import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "#runtime/logic/logic.ts";
import { assertEquivalent } from "../runtime/logic/equivalence.ts";
import { SUBJECTS } from "./subjects.ts";

/** Distinct places that random runs must see at least, so that the comparison is not an empty one. */
const REACHED: Readonly<Record<keyof typeof SUBJECTS, number>> = {
  "need-thread": 5,
  auction: 5,
  committee: 4,
  lease: 4,
  challenge: 4,
};

describe.each(Object.entries(SUBJECTS))("%s, hosted", (name, { machine, inputs, events }) => {
  it("does what XState's own actor does", () => {
    const words = fc.constantFrom(...(events as readonly Event[]));
    const reached = new Set<string>();
    for (const input of inputs) {
      // Seldom asked again: each retry within a wait is one more comparison.
      const patient = { ...(input as object), askRetryMs: 20_000 };
      const run = assertEquivalent(machine, patient, words, 240, { movesMax: 60 });
      for (const value of run.reached) reached.add(value);
      expect(run.threw).toBe(0);
    }
    expect(reached.size).toBeGreaterThanOrEqual(REACHED[name as keyof typeof SUBJECTS]);
  });
});
