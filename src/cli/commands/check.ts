/** `canswarm check`: the promises of the protocol, held against what a folder or audit file shows. */

import type { Command } from "commander";
import { checkEvidence, type CheckResult, type PropertyChecked } from "../audit/check.ts";
import { openEvidence } from "../audit/open.ts";
import { count, palette, styleOf } from "../display.ts";
import { labelled, type TextStyle } from "../summary-text.ts";

/** Violations printed of each property; the rest are counted. */
const SHOWN_MAX = 5;

/** What each property promises, in a clause. */
const PROMISES: Readonly<Record<string, string>> = {
  P1: "an attempt is decided once",
  P2: "every entry follows from the log, byte for byte",
  P3: "invalidated only by a challenge that was upheld",
  P4: "nothing under an old fence has an effect",
  P5: "one live lease for a need, and it ends",
  P6: "K votes of unrelated, seated verifiers",
  P7: "each log is one chain with one end",
  P8: "groups across shards settle as one",
  E1: "credits are conserved, settled once",
  E2: "no seat without stake",
  E3: "nothing paid that was not funded, no bounty above its cap",
  E4: "nobody is paid for judging itself",
  E5: "everything that was asked has ended",
  E6: "what was taken is there, once",
};

const rowOf = (row: PropertyChecked, style: TextStyle): string[] => {
  const { good, bad, dim } = palette(style.color);
  const { property, verdict, notes, violations } = row;
  const paint = verdict === "holds" ? good : verdict === "violated" ? bad : dim;
  const text = verdict === "violated" ? `${count(violations.length)} VIOLATED` : verdict;
  const shown = violations.slice(0, SHOWN_MAX).map(({ bucket, need, what }) => {
    const where = [
      ...(need === undefined ? [] : [`need ${need}`]),
      ...(bucket === undefined ? [] : [`bucket ${bucket}`]),
    ].join(", ");
    return `      ${where === "" ? "" : `${where}: `}${what}`;
  });
  const left = violations.length - shown.length;
  return [
    `${property}  ${paint(text.padEnd(13))} ${PROMISES[property] ?? ""}`,
    ...notes.map((note) => dim(`      not shown: ${note}`)),
    ...shown,
    ...(left > 0 ? [`      and ${count(left)} more`] : []),
  ];
};

export const renderCheck = (swarm: string, result: CheckResult, style: TextStyle): string => {
  const { good, bad } = palette(style.color);
  const { properties, violations, entries, needs } = result;
  const verdict =
    violations === 0
      ? good("no violation")
      : bad(`${count(violations)} ${violations === 1 ? "violation" : "violations"}`);
  return [
    labelled("swarm", swarm),
    labelled("read", `${count(entries)} entries, ${count(needs)} needs`),
    "",
    ...properties.flatMap((row) => rowOf(row, style)),
    "",
    labelled("verdict", verdict),
    "",
  ].join("\n");
};

export const addCheck = (program: Command): void => {
  program
    .command("check")
    .summary("hold the protocol's promises against a data folder or an audit file")
    .argument("<path>", "a data folder that nobody runs, or AUDIT.jsonl")
    .option("--ended", "everything in it must have ended (E5), such as after a run", false)
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      "\nExit code 1 where a promise is broken.\n\nExample:\n  canswarm check ./market --ended",
    )
    .action(async (path: string, flags: { readonly ended: boolean; readonly json: boolean }) => {
      const evidence = await openEvidence(path);
      try {
        const result = await checkEvidence(evidence, flags.ended);
        if (result.violations > 0) process.exitCode = 1;
        process.stdout.write(
          flags.json
            ? `${JSON.stringify(result)}\n`
            : renderCheck(evidence.header.swarm, result, styleOf(process.stdout)),
        );
      } finally {
        await evidence.close();
      }
    });
};
