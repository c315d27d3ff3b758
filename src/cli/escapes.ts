/** `canswarm doctor --escapes`: a table of attempts and tiers, each tried for real. */

import { tryAllEscapes, type Finding } from "#agent/sandbox/escapes/escapes.ts";
import { TIERS } from "#agent/sandbox/outcome.ts";
import { palette, styleOf, table, type Cell } from "./display.ts";
import { CliError } from "./errors.ts";
import { WIDTH_PIPED, type TextStyle } from "./summary-text.ts";

/** What a tier answered, in a word or two: the reason where it was stopped, else that it got nothing. */
const wordOf = ({ result, how }: Finding): string => {
  if (result === "absent") return "not here";
  if (result !== "stopped") return `${result}: ${how}`;
  return /^[A-Z]+$/.test(how) ? `stopped (${how.toLowerCase()})` : "stopped";
};

export const renderEscapes = (findings: readonly Finding[], style: TextStyle): string => {
  const colors = palette(style.color);
  const attempts = [...new Set(findings.map(({ attempt }) => attempt))];
  const cellOf = (attempt: string, tier: string): Cell => {
    const found = findings.find((one) => one.attempt === attempt && one.tier === tier);
    if (found === undefined) return { text: "–" };
    const paint = { stopped: colors.good, absent: colors.dim }[found.result as "stopped"];
    return { text: wordOf(found), paint: paint ?? colors.bad };
  };
  const rows = attempts.map((attempt) => [
    { text: attempt },
    ...TIERS.map((tier) => cellOf(attempt, tier)),
  ]);
  const columns = [
    { title: "attempt", align: "left" as const },
    ...TIERS.map((title) => ({ title, align: "left" as const })),
  ];
  const lines = table(columns, rows, { width: style.width ?? WIDTH_PIPED, colors });
  return [...lines, ""].join("\n");
};

export const escapes = async (asJson: boolean): Promise<void> => {
  const findings = await tryAllEscapes();
  const open = findings.filter(({ result }) => result === "escaped" || result === "unproved");
  process.stdout.write(
    asJson
      ? `${JSON.stringify({ ok: open.length === 0, findings })}\n`
      : renderEscapes(findings, styleOf(process.stdout)),
  );
  if (open.length > 0) throw new CliError("SANDBOX_ESCAPED", { count: open.length });
};
