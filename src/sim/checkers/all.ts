/** Every checker on one observation. */

import type { Checker, Observation, Violation } from "./observation.ts";

export const CHECKERS: readonly Checker[] = [];

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
    if (result.kind === "checked") violations.push(...result.violations);
    else notCovered.push(property);
  }
  return { violations, notCovered };
};
