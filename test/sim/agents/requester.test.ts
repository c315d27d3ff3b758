import { expect, it } from "vitest";
import { signerOf } from "#sim/agents/agent.ts";
import { agent, codesOf, derived, HONEST, need, planWith, run } from "./small-world.ts";

it("refuses at the door what no swarm can take, by its own code", async () => {
  const { report } = await run(
    planWith(
      HONEST,
      [
        need(0, { bounty: 60_000_000 }),
        need(1, { capability: "cube" }),
        need(2, { kPlan: 5, kResult: 5 }),
        need(3, { requester: 1 }),
        need(4),
      ],
      { requesters: [{ credits: 1_000 }, { credits: 1 }] },
    ),
  );
  expect(report.refused).toEqual({
    BOUNTY_CAP: 1,
    CAPABILITY_UNKNOWN: 1,
    QUORUM_UNAVAILABLE: 1,
    INSUFFICIENT_FUNDS: 1,
  });
  expect(report.violations).toEqual([]);
});

it("ends a need whose promised draw is never opened, or opened with something else", async () => {
  const needs = [
    need(0, { drawHash: true, drawReveal: "never" }),
    need(1, { drawHash: true, drawReveal: "wrong" }),
    need(2, { drawHash: true }),
  ];
  const { report, said } = await run(planWith(HONEST, needs));
  expect(report.outcomes).toEqual({ finalized: 3 });
  expect(codesOf(said.filter(({ verb }) => verb === "REVEAL"))).toContain("POLICY_DENIED");
});

it("hands large inputs round as blocks, and ends a need whose block nobody has", async () => {
  const needs = [need(0, { block: "stored" }), need(1, { block: "missing", deadlineMs: 5_000 })];
  const { report, entries } = await run(planWith(HONEST, needs));
  expect(report.violations).toEqual([]);
  expect(report.outcomes.finalized).toBe(1);
  // Nobody can do it, and everybody who tried lost the lease.
  expect(derived(entries, "RELEASE").length).toBeGreaterThan(0);
});

it("gives no seat to one who shares its key with the requester", async () => {
  const relative = agent("relative", "verifier", { controller: "owner", stake: 100_000 });
  const requesters = [{ credits: 1_000, controller: "owner" }];
  const needs = Array.from({ length: 6 }, (_, i) => need(i));
  const { report, entries, said } = await run(
    planWith([...HONEST, relative], needs, { requesters }),
  );
  expect(report.outcomes).toEqual({ finalized: needs.length });
  const { did } = signerOf(1, "relative");
  const seats = derived(entries, "DRAW").flatMap((body) =>
    "seats" in (body as object) ? (body as { seats: { agent: string }[] }).seats : [],
  );
  expect(seats.length).toBeGreaterThan(needs.length);
  expect(seats.map((seat) => seat.agent)).not.toContain(did);
  expect(said.some(({ by, verb }) => by === "relative" && verb.startsWith("ATTEST"))).toBe(false);
});

it("does not take a CANCEL back the work of one who has committed", async () => {
  const slow = HONEST.map((one) => ({ ...one, callMs: [2_000, 2_000] as const }));
  const needs = [need(0, { cancelAfterMs: 5_500 }), need(1, { cancelAfterMs: 0 })];
  const { report, said } = await run(planWith(slow, needs));
  expect(report.outcomes).toEqual({ finalized: 1, cancelled: 1 });
  expect(codesOf(said.filter(({ verb }) => verb === "CANCEL"))).toEqual(
    new Set(["ack", "WRONG_STATE"]),
  );
});
