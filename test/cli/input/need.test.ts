/** Whatever the door lets pass, the swarm takes: the same limits, from the same place. */

import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadInput } from "#cli/input/tasks.ts";
import { needBody } from "#cli/swarm/run.ts";
import { encode } from "#envelope/canonical.ts";
import { Mismatch } from "#protocol/schema.ts";
import { needVerb } from "#protocol/verbs/need.ts";
import { makeFolder, verifier, worker, type Folder } from "./files.ts";

let folder: Folder;
beforeEach(() => (folder = makeFolder()));
afterEach(() => folder.remove());

const unit = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(..."aZ09._:/- ü😀") },
  fc.constantFrom("\ud800", "\udc00", "\u0000", "\n"),
);
const name = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-z][a-z0-9._:/-]{0,70}$/) },
  fc.string({ unit, minLength: 0, maxLength: 6 }),
  fc.integer({ min: 60, max: 132 }).map((length) => "x".repeat(length)),
);
const amount = fc.oneof(
  { weight: 12, arbitrary: fc.bigInt({ min: 1n, max: 50n }).map(String) },
  fc.constantFrom("0", "-1", "2.5", "0.000001", "1.0000001", "999999999", "9999999999999"),
);
const k = fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined, freq: 2 });
const line = fc.record({
  id: name,
  capability: name,
  input: fc.oneof(
    fc.jsonValue(),
    fc.string({ unit }),
    fc.dictionary(fc.string({ unit }), fc.double()),
  ),
  bounty: amount,
  verifyBounty: amount,
  kPlan: k,
  kResult: k,
  deadlineMs: fc.oneof(fc.nat(2_000), fc.integer({ min: 0, max: 3e9 })),
  tier: fc.constantFrom("small", "medium", undefined),
});

test("every task that is taken makes a NEED that its verb describes", async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(line, async (task) => {
      const capabilities = [task.capability];
      const judges = Array.from({ length: 12 }, (_, n) => verifier(`v${n}`, { capabilities }));
      const agents = { agents: [worker("w", { capabilities }), ...judges] };
      const inputs = await folder.read([task], agents);
      if (inputs.kind === "bad") return;
      taken += 1;
      for (const one of inputs.tasks) {
        const body = needBody(one, { value: await loadInput(one.input) });
        expect(needVerb.schema.read(body)).not.toBeInstanceOf(Mismatch);
        expect(() => encode(body)).not.toThrow();
      }
    }),
    { numRuns: 500 },
  );
  expect(taken).toBeGreaterThan(10);
});

test.each(["kPlan", "kResult"])("%s of 6 is refused where twelve could judge", async (field) => {
  const judges = Array.from({ length: 12 }, (_, n) => verifier(`v${n}`));
  const inputs = await folder.read(
    [{ id: "t", capability: "echo", input: 1, bounty: "1", verifyBounty: "0", [field]: 6 }],
    { agents: [worker("w"), ...judges] },
  );
  expect(inputs).toMatchObject({ kind: "bad", shown: [{ line: 1, code: "FIELD_INVALID" }] });
});
