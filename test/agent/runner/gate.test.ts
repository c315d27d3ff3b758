import fc from "fast-check";
import { expect, test } from "vitest";
import { Gate, type Entry } from "#agent/runner/gate.ts";

interface Step {
  readonly do: "enter" | "leave" | "abort";
  readonly which: number;
}
const step = fc.record<Step>({
  do: fc.constantFrom("enter", "leave", "abort"),
  which: fc.nat({ max: 20 }),
});

test("any order of entering, leaving and aborting keeps the limits and the order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const gate = new Gate(2, 3);
      const entries = new Map<number, Entry>();
      const stops: AbortController[] = [];
      const letIn: number[] = [];
      for (const { do: what, which } of steps) {
        if (what === "enter") {
          const n = stops.push(new AbortController()) - 1;
          void gate.enter(stops[n]!.signal).then((entry) => {
            entries.set(n, entry);
            if (entry.kind === "in") letIn.push(n);
          });
        } else if (what === "abort") stops[which]?.abort();
        else {
          const entry = entries.get(which);
          if (entry?.kind === "in") entry.leave(); // twice is harmless
        }
        await Promise.resolve();
        await Promise.resolve();
        expect(gate.running).toBeLessThanOrEqual(2);
        expect(gate.queued).toBeLessThanOrEqual(3);
        expect(gate.queued === 0 || gate.running === 2).toBe(true);
      }
      expect(letIn).toEqual([...letIn].sort((a, b) => a - b));
      gate.close();
      expect(gate.queued).toBe(0);
      expect(await gate.enter()).toEqual({ kind: "gone" });
    }),
  );
});
