import { expect, it } from "vitest";
import { floorPerSecond } from "#cli/bench/floor.ts";

it.each([
  { threads: 1, committed: 3, records: 4 },
  { threads: 1, committed: 200, records: 120 },
  { threads: 2, committed: 300, records: 128 },
])("commits as many records as the product does: %o", { timeout: 30_000 }, async (batches) => {
  const run = { ms: 100, signed: 20, ...batches };
  expect(await floorPerSecond(run)).toBeGreaterThan(0);
});
