import { expect, it } from "vitest";
import { renderLive, type LiveStatus } from "#cli/up/live-status.ts";

const STATUS: LiveStatus = {
  swarm: "local.1",
  needs: { open: 1, openMax: 1_024, accepted: 3, refused: 0, turnedAway: 0, ended: 2 },
  agents: { registered: 2, here: 2 },
};
const compared = { at: "2026-01-01T00:00:00.000Z", needs: 1_200, holds: 7, findings: [] };
const lines = (reconciled: LiveStatus["reconciled"]): readonly string[] =>
  renderLive({ ...STATUS, ...(reconciled && { reconciled }) }, [], { color: false, width: 100 })
    .split("\n")
    .filter((line) => /compared|bucket/.test(line))
    .map((line) => line.trim());

it.each([
  [undefined, []],
  [
    { ...compared, findingsCount: 0 },
    ["compared  1,200 open needs and 7 holds at 2026-01-01T00:00:00.000Z: nothing found"],
  ],
  [
    { ...compared, findings: ["bucket 3: a\u0007b"], findingsCount: 2 },
    [
      "compared  1,200 open needs and 7 holds at 2026-01-01T00:00:00.000Z: 2 found",
      "bucket 3: a b",
    ],
  ],
  [{ ...compared, findingsCount: 0, failure: "no answer" }, ["compared  not: no answer"]],
])("what was compared last is told: %o", (reconciled, told) => {
  expect(lines(reconciled)).toEqual(told);
});
