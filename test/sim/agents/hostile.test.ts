import { describe, expect, it } from "vitest";
import { agent, codesOf, derived, HONEST, need, planWith, run } from "./small-world.ts";

const NEEDS = Array.from({ length: 12 }, (_, i) => need(i));
const villain = (change: Parameters<typeof agent>[2], role: "worker" | "verifier" = "verifier") =>
  agent("villain", role, change);
/** Its words, without those that joined it to the swarm. */
const ACCOUNT = new Set(["REGISTER", "STAKE", "UNSTAKE", "TRANSFER"]);

describe("whatever one agent does", () => {
  it.each(["flooding", "replaying", "stealing"] as const)(
    "a %s one changes nothing for the others: every need is finalized",
    async (behaviour) => {
      const { report } = await run(planWith([...HONEST, villain({ behaviour })], NEEDS));
      expect(report.violations).toEqual([]);
      expect(report.outcomes).toEqual({ finalized: NEEDS.length });
    },
  );

  it.each(["equivocating", "challenging", "laundering"] as const)(
    "a %s one keeps no need from ending",
    async (behaviour) => {
      const { report } = await run(planWith([...HONEST, villain({ behaviour })], NEEDS));
      expect(report.violations).toEqual([]);
      const ended = Object.values(report.outcomes).reduce((sum, count) => sum + count, 0);
      expect(ended).toBe(NEEDS.length);
    },
  );
});

it("a flood is refused by the codes of what it offends", async () => {
  const { said, observation } = await run(
    planWith([...HONEST, villain({ behaviour: "flooding" }, "worker")], NEEDS),
  );
  const own = said.filter(({ by, verb }) => by === "villain" && !ACCOUNT.has(verb));
  const codes = codesOf(own);
  for (const code of ["STALE_FENCE", "VERB_NOT_ALLOWED", "WRONG_STATE"])
    expect(codes, code).toContain(code);
  expect(observation.wires.filter(({ from }) => from === "villain").length).toBeGreaterThan(100);
});

it("a thief gets nothing acknowledged under another's lease or seat", async () => {
  const thief = agent("villain", "worker", { behaviour: "stealing", price: 10_000_000 });
  // Verifiers take their time, so that there are seats to be stolen.
  const honest = HONEST.map((one) => ({ ...one, callMs: [1_000, 3_000] as const }));
  const runs: Awaited<ReturnType<typeof run>>[] = [];
  for (const seed of [1, 2, 3, 4])
    runs.push(await run(planWith([...honest, thief], NEEDS, { seed })));
  const said = runs.flatMap((one) => one.said);
  // Anybody may bid and challenge.
  const free = new Set(["PROPOSE", "CHALLENGE"]);
  const stolen = said.filter(
    ({ by, verb, nonce }) => by === "villain" && nonce > 1_000 && !free.has(verb),
  );
  expect(stolen.length).toBeGreaterThan(50);
  expect([...codesOf(stolen.filter(({ verb }) => verb !== "UPDATE_PLAN"))]).not.toContain("ack");
  for (const code of ["STALE_FENCE", "NOT_SEATED", "VERB_NOT_ALLOWED"])
    expect(codesOf(stolen), code).toContain(code);
});

it("of two envelopes under one nonce at most one is ever acknowledged", async () => {
  const { said } = await run(
    planWith(
      [
        ...HONEST,
        villain({ behaviour: "equivocating" }),
        agent("villain-2", "worker", { behaviour: "equivocating", price: 500_000 }),
      ],
      NEEDS,
    ),
  );
  const acked = new Map<string, number>();
  for (const { by, thread, nonce, receipts } of said) {
    const key = `${by} ${thread} ${nonce}`;
    const isAcked = receipts.some(({ kind }) => kind === "ack");
    acked.set(key, (acked.get(key) ?? 0) + (isAcked ? 1 : 0));
  }
  expect(Math.max(...acked.values())).toBe(1);
  const both = said.filter(({ by }) => by.startsWith("villain"));
  expect(codesOf(both)).toContain("EQUIVOCATION");
});

/** By chance the simulated operator upholds a challenge or does not. */
const SEEDS = [1, 2, 3, 4, 5, 6];

it("a wrong result that lazy verifiers passed is undone by a challenge", async () => {
  const agents = [
    agent("worker-0", "worker", { behaviour: "lying" }),
    ...["verifier-0", "verifier-1", "verifier-2"].map((name) =>
      agent(name, "verifier", { behaviour: "lazy" }),
    ),
    villain({ behaviour: "challenging", credits: 2_000 }),
  ];
  // Long enough for whoever judged it too.
  const overrides = { tiers: { small: { challengeWindowMs: 5_000 } } };
  let undone = 0;
  for (const seed of SEEDS) {
    const { report, said, entries } = await run(planWith(agents, NEEDS, { seed, overrides }));
    expect(report.violations).toEqual([]);
    const challenges = said.filter(({ verb }) => verb === "CHALLENGE");
    expect(codesOf(challenges)).toContain("ack");
    const invalidated = derived(entries, "INVALIDATE").length;
    undone += invalidated;
    // Whoever was wrong may not try again, so what one worker spoilt has no other.
    expect(report.outcomes.finalized).toBeLessThanOrEqual(NEEDS.length - invalidated);
  }
  expect(undone).toBeGreaterThan(0);
});

it("forged labels and empty pockets are refused to who moves its money", async () => {
  const { report, said } = await run(
    planWith(
      [
        ...HONEST,
        ...["rogue-1", "rogue-2", "rogue-3", "rogue-4"].map((name) =>
          agent(name, "verifier", { behaviour: "laundering" }),
        ),
      ],
      NEEDS,
      { safetyMs: 60_000 },
    ),
  );
  expect(report.violations).toEqual([]);
  const own = said.filter(({ by, verb }) => by !== "operator" && ACCOUNT.has(verb));
  const codes = codesOf(own);
  for (const code of ["ack", "POLICY_DENIED", "INSUFFICIENT_STAKE", "INSUFFICIENT_FUNDS"])
    expect(codes, code).toContain(code);
});
