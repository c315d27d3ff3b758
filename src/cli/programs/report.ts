/** What came of the programs market: who delivered what, what was refused, whether the money adds up. */

import { clean, count, cutEnd, palette } from "../display.ts";
import {
  agentTable,
  creditsLine,
  labelled,
  needsLine,
  restartLines,
  timeLines,
  WIDTH_PIPED,
  type Restart,
  type TextStyle,
} from "../summary-text.ts";
import type { RunSummary } from "../summary.ts";
import type { RunResult } from "../swarm/summarize.ts";
import { programOf, type ProgramTask } from "./tasks.ts";

export interface ProgramsReport {
  /** Buggy programs that were delivered, refused by the verifiers, and accepted. */
  readonly buggy: { readonly tried: number; readonly rejected: number; readonly finalized: number };
  /** Attempts refused, by worker. */
  readonly rejected: ReadonlyMap<string, number>;
  /** Reasons of the first refusals. */
  readonly reasons: readonly string[];
}

const REASONS_SHOWN_MAX = 5;

const codeOf = (output: unknown): string | undefined =>
  (output as { readonly code?: string } | undefined)?.code;

/** Counted by the code that was delivered, not by the name of who delivered it. */
export const programsReport = (
  { summary, report, names }: RunResult,
  tasks: readonly ProgramTask[],
): ProgramsReport => {
  const bugs = new Map(tasks.map((task) => [task.id, programOf(task, "buggy")]));
  const rejected = new Map<string, number>();
  const reasons: string[] = [];
  const buggy = { tried: 0, rejected: 0, finalized: 0 };
  for (const { id, need } of summary.tasks) {
    const story = report.needs.get(need);
    for (const output of story?.outputs.values() ?? [])
      if (codeOf(output) === bugs.get(id)) buggy.tried += 1;
    const accepted = story?.artifact === undefined ? undefined : story.outputs.get(story.artifact);
    if (accepted !== undefined && codeOf(accepted) === bugs.get(id)) buggy.finalized += 1;
    for (const attempt of story?.attempts ?? []) {
      if (attempt.outcome !== "rejected") continue;
      const name = names.get(attempt.worker ?? "") ?? "somebody";
      rejected.set(name, (rejected.get(name) ?? 0) + 1);
      if (name === "buggy") buggy.rejected += 1;
      reasons.push(`${name}, ${id}: ${attempt.objections[0] ?? attempt.reason ?? "no reason"}`);
    }
  }
  return { buggy, rejected, reasons };
};

/** The whole report, ending in a newline. */
export const renderPrograms = (
  summary: RunSummary,
  { buggy, rejected, reasons }: ProgramsReport,
  restarts: readonly Restart[],
  style: TextStyle,
): string => {
  const colors = palette(style.color);
  const width = style.width ?? WIDTH_PIPED;
  const { tried, finalized } = buggy;
  const told = `${count(tried)} tried, ${count(buggy.rejected)} rejected, ${count(finalized)} finalized`;
  return [
    ...agentTable(summary, rejected, width, colors),
    "",
    needsLine(summary, colors),
    labelled("buggy", (finalized === 0 ? colors.good : colors.bad)(told)),
    ...reasons
      .slice(0, REASONS_SHOWN_MAX)
      .map((reason) => cutEnd(labelled("", colors.dim(clean(reason))), width)),
    ...timeLines(summary),
    creditsLine(summary, colors),
    ...restartLines(restarts, width),
    labelled("state", summary.stateHash),
    "",
  ].join("\n");
};
