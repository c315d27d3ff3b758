import fc from "fast-check";
import { expect, it } from "vitest";
import { Recent } from "#agent/recent.ts";

it("knows the last half of its keys, with their newest values, and never more than it may", () => {
  const steps = fc.array(fc.tuple(fc.nat(20), fc.constantFrom("set", "get", "delete")), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (all, half) => {
      const recent = new Recent<number>(2 * half);
      let lately: number[] = [];
      const newest = new Map<number, number>();
      for (const [step, [key, what]] of all.entries()) {
        const others = lately.filter((other) => other !== key);
        const isKnown = recent.has(String(key));
        if (what === "set") newest.set(key, step);
        if (what === "set") recent.set(String(key), step);
        if (what === "get")
          expect(recent.get(String(key))).toBe(isKnown ? newest.get(key) : undefined);
        if (what === "delete") recent.delete(String(key));
        // What was deleted makes no room for what was forgotten before.
        if (what === "delete") lately = lately.map((one) => (one === key ? -1 : one));
        else if (isKnown || what === "set") lately = [...others, key];
        for (const one of lately.slice(-half))
          expect(one === -1 || recent.has(String(one))).toBe(true);
        expect(recent.has(String(key))).toBe(what !== "delete" && (isKnown || what === "set"));
        expect(recent.size).toBeLessThanOrEqual(2 * half);
      }
    }),
    { numRuns: 2_000 },
  );
});
