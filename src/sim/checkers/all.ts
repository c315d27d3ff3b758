/** Every checker on one observation. */

import { chains } from "./chains.ts";
import { challenges } from "./challenges.ts";
import { committees, relations } from "./committees.ts";
import { decisions } from "./decisions.ts";
import { endings } from "./endings.ts";
import { limits } from "./limits.ts";
import { fences } from "./fences.ts";
import { leases } from "./leases.ts";
import { logTime } from "./log-time.ts";
import { caps, conservation } from "./money.ts";
import { pauses } from "./pauses.ts";
import { receipts } from "./receipts.ts";
import { stakes } from "./stakes.ts";
import type { Checker, Observation, Violation } from "./observation.ts";

const missing = (property: string, why: string): Checker => ({
  property,
  check: () => ({ kind: "not-covered", why }),
});

/** P2 is checked by replaying each log into a fresh middle (run/simulate.ts). */
export const CHECKERS: readonly Checker[] = [
  decisions,
  challenges,
  fences,
  leases,
  logTime,
  committees,
  pauses,
  chains,
  missing("P8", "there are no cross-shard groups yet"),
  conservation,
  stakes,
  caps,
  limits,
  relations,
  endings,
  receipts,
];

export interface AllChecked {
  readonly violations: readonly Violation[];
  /** Properties that this observation does not show, or that do not exist yet. */
  readonly notCovered: readonly string[];
}

export const checkAll = (observation: Observation): AllChecked => {
  const violations: Violation[] = [];
  const notCovered: string[] = [];
  for (const { property, check } of CHECKERS) {
    const result = check(observation);
    if (result.kind === "checked") for (const one of result.violations) violations.push(one);
    else notCovered.push(property);
  }
  return { violations, notCovered };
};
