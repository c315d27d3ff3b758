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
        lately = what === "delete" ? others : isKnown || what === "set" ? [...others, key] : lately;
        for (const one of lately.slice(-half)) expect(recent.has(String(one))).toBe(true);
        expect(recent.has(String(key))).toBe(what !== "delete" && (isKnown || what === "set"));
        expect(recent.size).toBeLessThanOrEqual(2 * half);
      }
    }),
  );
});
