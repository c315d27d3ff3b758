/** Runs each attempt against each tier of this machine, for real, and looks what came of it. */

import { runUntrusted } from "../run.ts";
import { TIERS, type Outcome, type Tier } from "../outcome.ts";
import { ATTEMPTS, BEGAN, ESCAPED, type Attempt } from "./attempts.ts";
import { createWorld, type World } from "./world.ts";

export interface Finding {
  readonly attempt: string;
  readonly tier: Tier;
  /** unproved: the guest did not even begin. */
  readonly result: "stopped" | "escaped" | "unproved" | "absent";
  /** What held it back, or what got through. */
  readonly how: string;
}

const printedBy = (outcome: Outcome): string =>
  outcome.kind === "ok" || outcome.kind === "failed" ? outcome.stdout : "";

const howOf = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case "ok":
      return "it got nothing and ended";
    case "failed":
      return outcome.detail;
    case "stopped":
      return outcome.why;
    case "absent":
      return outcome.detail;
  }
};

const hasBegun = (outcome: Outcome, tier: Tier): boolean =>
  tier === "T0" || outcome.kind === "stopped" || printedBy(outcome).includes(BEGAN);

const judge = (outcome: Outcome, world: World, tier: Tier): Pick<Finding, "result" | "how"> => {
  const printed = printedBy(outcome);
  const got = [
    ...world.touched(),
    ...(printed.includes(world.mark) ? ["a secret was read"] : []),
    ...(printed.includes(ESCAPED) ? ["the guest says so"] : []),
  ];
  if (got.length > 0) return { result: "escaped", how: got.join(", ") };
  if (outcome.kind === "absent") return { result: "absent", how: outcome.detail };
  if (!hasBegun(outcome, tier)) return { result: "unproved", how: howOf(outcome) };
  return { result: "stopped", how: howOf(outcome) };
};

/** One attempt in a world of its own. */
export const tryEscape = async (attempt: Attempt, tier: Tier): Promise<Finding> => {
  const world = await createWorld();
  try {
    const request = { T0: attempt.t0, T1: attempt.t1, T2: attempt.t2 }[tier](world);
    const outcome = await runUntrusted(request, attempt.limits);
    return { attempt: attempt.name, tier, ...judge(outcome, world, tier) };
  } finally {
    await world.close();
  }
};

/** All of them, one after another: they compete for memory and processes as it is. */
export const tryAllEscapes = async (): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const attempt of ATTEMPTS)
    for (const tier of TIERS) findings.push(await tryEscape(attempt, tier));
  return findings;
};
