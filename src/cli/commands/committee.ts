/** `canswarm committee NEED`: every seat of a need's committees, and why it is who it is. */

import type { Command } from "commander";
import { explainCommittees, type CommitteesTold } from "../audit/committee.ts";
import { openEvidence } from "../audit/open.ts";
import type { CandidateTold, RoundTold, SittingTold } from "../audit/sitting.ts";
import { clean, palette, styleOf, table, type Cell, type Palette } from "../display.ts";
import { WIDTH_PIPED, type TextStyle } from "../summary-text.ts";

const COLUMNS = [
  { title: "agent", align: "left" },
  { title: "org", align: "left" },
  { title: "weight", align: "right" },
  { title: "seat", align: "right" },
  { title: "vote", align: "left" },
  { title: "paid", align: "right" },
  { title: "why", align: "left", elastic: true },
] as const;

const rowOf = (one: CandidateTold, colors: Palette): Cell[] => {
  const isSeated = one.standing === "seated";
  const paint = one.vote === "fail" ? colors.bad : one.vote === "pass" ? colors.good : undefined;
  return [
    { text: clean(one.agent), paint: isSeated ? colors.bold : colors.dim },
    { text: clean(one.org) },
    { text: one.weight },
    { text: one.seat === undefined ? "" : String(one.seat) },
    { text: one.vote ?? "", ...(paint === undefined ? {} : { paint }) },
    { text: one.taken === undefined ? (one.paid ?? "") : `-${one.taken}` },
    { text: `${one.standing}: ${one.why}` },
  ];
};

const roundLines = (round: RoundTold, style: TextStyle, colors: Palette): string[] => {
  const agrees = round.agrees
    ? colors.good("the log's seats are the draw's")
    : colors.bad("THE LOG NAMES OTHER SEATS");
  return [
    `  round ${round.round}, ${round.asked} seats asked, registry revision ${round.registry}, secret ${round.draw}: ${agrees}`,
    ...table(
      COLUMNS,
      round.candidates.map((one) => rowOf(one, colors)),
      { width: (style.width ?? WIDTH_PIPED) - 2, colors },
    ).map((line) => `  ${line}`),
  ];
};

const sittingLines = (sitting: SittingTold, style: TextStyle, colors: Palette): string[] => {
  const { attempt, question, worker, k, pass, fail, result, outcome } = sitting;
  const end = outcome === undefined ? "" : `; the attempt ended ${outcome}`;
  return [
    colors.bold(`attempt ${attempt}, ${question} of ${clean(worker)}`),
    ...sitting.rounds.flatMap((round) => roundLines(round, style, colors)),
    `  ${k} equal verdicts decide: ${pass} pass, ${fail} fail, so ${result}${end}`,
    "",
  ];
};

export const renderCommittees = (told: CommitteesTold, style: TextStyle): string => {
  const colors = palette(style.color);
  const head = `need ${told.need} (${clean(told.key)})`;
  const none = told.committees.length === 0 ? ["no committee was ever drawn", ""] : [];
  return [
    head,
    "",
    ...none,
    ...told.committees.flatMap((one) => sittingLines(one, style, colors)),
  ].join("\n");
};

export const addCommittee = (program: Command): void => {
  program
    .command("committee")
    .summary("explain every seat of a need's committees: drawn, skipped, kept out, and why")
    .argument("<need>", "the need, by id or task id")
    .requiredOption("--data <path>", "a data folder that nobody runs, or an audit file")
    .option("--json", "print one JSON object", false)
    .addHelpText("after", "\nExample:\n  canswarm committee t1 --data ./market")
    .action(async (need: string, flags: { data: string; json: boolean }) => {
      const evidence = await openEvidence(flags.data);
      try {
        const told = await explainCommittees(evidence, need);
        const isWrong = told.committees.some((one) => one.rounds.some((round) => !round.agrees));
        if (isWrong) process.exitCode = 1;
        process.stdout.write(
          flags.json
            ? `${JSON.stringify(told)}\n`
            : renderCommittees(told, styleOf(process.stdout)),
        );
      } finally {
        await evidence.close();
      }
    });
};
