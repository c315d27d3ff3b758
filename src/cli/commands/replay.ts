/** `canswarm replay`: the logs of a folder or an audit file, checked and applied again. */

import type { Command } from "commander";
import { openEvidence } from "../audit/open.ts";
import { replayEvidence, type ReplayResult } from "../audit/replay.ts";
import { tellNeed } from "../audit/need-story.ts";
import type { Evidence } from "../audit/evidence.ts";
import { count, palette, styleOf } from "../display.ts";
import { CliError } from "../errors.ts";
import { labelled, type TextStyle } from "../summary-text.ts";

export interface ReplayFlags {
  readonly json: boolean;
  readonly at?: string;
  readonly need?: string;
}

const COUNT = /^(0|[1-9]\d{0,14})$/;

const entriesOf = (at: string | undefined): number | undefined => {
  if (at === undefined) return undefined;
  if (!COUNT.test(at))
    throw new CliError("USAGE", { reason: `${at} is no number of entries`, command: "replay" });
  return Number(at);
};

export const renderReplay = (
  evidence: Evidence,
  result: ReplayResult,
  style: TextStyle,
): string => {
  const colors = palette(style.color);
  const { draws, messages } = result;
  const bad = draws.false === 0 ? "" : `, ${colors.bad(`${count(draws.false)} FALSE`)}`;
  return [
    labelled("swarm", evidence.header.swarm),
    labelled("entries", `${count(result.entries)}, of them ${count(result.derived)} derived again`),
    labelled(
      "FINALIZE",
      `${colors.good("equal byte for byte")}: ${count(result.finalized)} of ${count(result.needs)} needs`,
    ),
    labelled("signed", `${count(result.signatures)} envelopes by their senders`),
    labelled(
      "messages",
      `${count(messages.asks)} asks and ${count(messages.answers)} answers as they were sent`,
    ),
    labelled(
      "draws",
      `${count(draws.proven)} of ${count(draws.total)} proven, ${count(draws.unproven)} unproven${bad}`,
    ),
    labelled("state", result.stateHash),
    "",
  ].join("\n");
};

export const addReplay = (program: Command): void => {
  program
    .command("replay")
    .summary("check the logs of a data folder or an audit file and apply them again")
    .argument("<path>", "a data folder that nobody runs, or AUDIT.jsonl")
    .option("--at <entries>", "stop at the end of the record that reaches so many entries")
    .option("--need <need>", "tell one need, by id or task id: what happened and why")
    .option("--json", "print one JSON object", false)
    .addHelpText("after", "\nExample:\n  canswarm replay market.jsonl --need t1")
    .action(async (path: string, flags: ReplayFlags) => {
      const at = entriesOf(flags.at);
      const evidence = await openEvidence(path);
      try {
        const options = at === undefined ? {} : { at };
        const told = flags.need === undefined ? undefined : tellNeed(flags.need);
        const done = await replayEvidence(
          evidence,
          told === undefined ? options : { ...options, watch: told.watch },
        );
        const story = told?.story(done);
        if (done.result.draws.false > 0) process.exitCode = 1;
        if (flags.json)
          process.stdout.write(
            `${JSON.stringify({ ...done.result, ...(story === undefined ? {} : { need: story }) })}\n`,
          );
        else {
          const style = styleOf(process.stdout);
          const lines = story === undefined ? "" : `${story.sentences.join("\n")}\n\n`;
          process.stdout.write(`${lines}${renderReplay(evidence, done.result, style)}`);
        }
      } finally {
        await evidence.close();
      }
    });
};
