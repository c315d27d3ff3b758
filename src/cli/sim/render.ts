/** What a sweep of seeds found, for people. */

import { count, palette } from "../display.ts";
import { labelled, type TextStyle } from "../summary-text.ts";
import type { Heard } from "./canaries.ts";
import type { SeedViolation, SweepReport } from "./sweep.ts";

/** Violations printed; the rest are counted. */
const SHOWN_MAX = 20;

const sums = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => `${name} ${count(value)}`)
    .join(", ");

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, value) => sum + value, 0);

/** The first of each property comes before the rest, in the order in which they came. */
const firstOfEachFirst = (violations: readonly SeedViolation[]): readonly SeedViolation[] => {
  const firsts = violations.filter(
    ({ property }, at) => violations.findIndex((one) => one.property === property) === at,
  );
  return [...firsts, ...violations.filter((one) => !firsts.includes(one))];
};

const byProperty = (violations: readonly SeedViolation[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { property } of violations) counts[property] = (counts[property] ?? 0) + 1;
  return counts;
};

const shown = ({ seed, property, what, command }: SeedViolation): string[] => [
  `  ${property}, seed ${seed}: ${what}`,
  `    ${command}`,
];

export const renderSim = (
  report: SweepReport,
  shrunk: string | undefined,
  style: TextStyle,
): string => {
  const colors = palette(style.color);
  const { violations, notCovered, seconds, marks } = report;
  const verdict =
    violations.length === 0
      ? colors.good("no violation")
      : colors.bad(`${count(violations.length)} violations`) + `: ${sums(byProperty(violations))}`;
  const rate = report.simulatedHoursPerSecond.toFixed(3);
  return [
    labelled(
      "seeds",
      `${count(report.seeds)} in ${seconds.toFixed(1)} s, ${report.simulatedHours.toFixed(1)} simulated hours (${rate} a second)`,
    ),
    labelled("needs", `${count(report.needs)}, ${count(report.acknowledged)} acknowledged`),
    labelled("outcomes", sums(report.outcomes)),
    labelled("faults", `${count(total(report.faults))}: ${sums(report.faults)}`),
    ...(notCovered.length === 0 ? [] : [labelled("not shown", notCovered.join(", "))]),
    labelled(
      "marks",
      `${count(marks.hit)} of ${count(marks.of)} rare branches ran${marks.never.length === 0 ? "" : `, never: ${marks.never.join(", ")}`}`,
    ),
    labelled("trace", report.traceHash),
    labelled("verdict", verdict),
    ...firstOfEachFirst(violations).slice(0, SHOWN_MAX).flatMap(shown),
    ...(violations.length > SHOWN_MAX
      ? [`  and ${count(violations.length - SHOWN_MAX)} more`]
      : []),
    ...(shrunk === undefined ? [] : ["", "the same with less:", `  ${shrunk}`]),
    "",
  ].join("\n");
};

export const heardLine = ({ canary, seeds, property }: Heard): string =>
  seeds === undefined
    ? `${canary}: NOT noticed`
    : `${canary}: ${property ?? ""} after ${count(seeds)} ${seeds === 1 ? "seed" : "seeds"}`;

export const renderCanaries = (all: readonly Heard[], style: TextStyle): string => {
  const colors = palette(style.color);
  const lines = all.flatMap((one) => [
    `${one.seeds === undefined ? colors.bad("unheard") : colors.good("noticed")}  ${heardLine(one)}`,
    `    broken: ${one.what}`,
    ...(one.violation === undefined ? [] : [`    seen:   ${one.violation}`]),
    ...(one.command === undefined ? [] : [`    again:  ${one.command}`]),
  ]);
  const noticed = all.filter(({ seeds }) => seeds !== undefined).length;
  return [...lines, "", `${count(noticed)} of ${count(all.length)} canaries noticed`, ""].join(
    "\n",
  );
};
