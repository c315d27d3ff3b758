/**
 * Every promise, held against what a folder or file shows, by checkers that share no code with what
 * wrote it (sim/checkers), and by the replay (P2).
 */

import { CHECKERS } from "#sim/checkers/all.ts";
import type { Violation } from "#sim/checkers/observation.ts";
import { CliError } from "../errors.ts";
import type { Evidence } from "./evidence.ts";
import { observationOf } from "./observation.ts";
import { replayEvidence } from "./replay.ts";

export interface PropertyChecked {
  readonly property: string;
  /** "not covered" is never "holds": it says why in `notes`. */
  readonly verdict: "holds" | "violated" | "not covered";
  /** What is not shown of it. */
  readonly notes: readonly string[];
  readonly violations: readonly Violation[];
}

export interface CheckResult {
  readonly properties: readonly PropertyChecked[];
  readonly violations: number;
  readonly entries: number;
  readonly needs: number;
  readonly stateHash: string | null;
}

interface Replayed {
  readonly property: PropertyChecked;
  readonly entries: number;
  readonly needs: number;
  readonly stateHash: string | null;
}

/** P2: what does not replay is a violation here, not an end. */
const replayed = async (evidence: Evidence): Promise<Replayed> => {
  const of = (violations: readonly Violation[]): PropertyChecked => ({
    property: "P2",
    verdict: violations.length === 0 ? "holds" : "violated",
    notes: [],
    violations,
  });
  try {
    const { result } = await replayEvidence(evidence);
    const { entries, needs, stateHash, draws } = result;
    const what = `${draws.false} of ${draws.total} draws are not what their seed gives`;
    const violations = draws.false === 0 ? [] : [{ property: "P2", what }];
    return { property: of(violations), entries, needs, stateHash };
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "REPLAY_DIVERGED") throw error;
    const violations = [{ property: "P2", what: error.message }];
    return { property: of(violations), entries: 0, needs: 0, stateHash: null };
  }
};

/** In the order of their names; checkers of one property are one row. */
export const checkEvidence = async (evidence: Evidence, isQuiet: boolean): Promise<CheckResult> => {
  const { property, ...counts } = await replayed(evidence);
  const observation = await observationOf(evidence, isQuiet);
  const rows = new Map<string, PropertyChecked>([["P2", property]]);
  const covered = new Set<string>(["P2"]);
  for (const checker of CHECKERS) {
    const checked = checker.check(observation);
    const row = rows.get(checker.property);
    const isChecked = checked.kind === "checked";
    if (isChecked) covered.add(checker.property);
    const note = isChecked ? checked.without : checked.why;
    const found = [...(row?.violations ?? []), ...(isChecked ? checked.violations : [])];
    const isCovered = covered.has(checker.property);
    rows.set(checker.property, {
      property: checker.property,
      verdict: found.length > 0 ? "violated" : isCovered ? "holds" : "not covered",
      notes: [...(row?.notes ?? []), ...(note === undefined ? [] : [note])],
      violations: found,
    });
  }
  const properties = [...rows.values()].sort((a, b) => orderOf(a) - orderOf(b));
  const violations = properties.reduce((sum, one) => sum + one.violations.length, 0);
  return { properties, violations, ...counts };
};

/** P1 … P8, then E1 … E6. */
const orderOf = ({ property }: PropertyChecked): number =>
  (property.startsWith("P") ? 0 : 100) + Number(property.slice(1));
