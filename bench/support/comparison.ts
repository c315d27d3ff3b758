/** Two sides of the same figures, each measured some times: what differs, and what is noise. Pure. */

import type { Figures } from "./history.ts";
import { numberText, tableText } from "./report.ts";
import { chanceOfDifference, significant, spreadOf, type Spread } from "./statistics.ts";

/** A difference so clear comes by chance no more often than this. */
export const CHANCE_MAX = 0.05;

export interface Compared {
  readonly name: string;
  readonly a: Spread;
  readonly b: Spread;
  /** Of the medians: 0.1 is a tenth more in B. Undefined where A's is 0. */
  readonly change: number | undefined;
  readonly chance: number;
  readonly verdict: "higher" | "lower" | "not told apart";
}

const verdictOf = (a: Spread, b: Spread, chance: number): Compared["verdict"] => {
  if (chance > CHANCE_MAX || a.median === b.median) return "not told apart";
  return b.median > a.median ? "higher" : "lower";
};

/** Every figure that each run of both sides has. */
export const compare = (a: readonly Figures[], b: readonly Figures[]): readonly Compared[] => {
  const all = [...a, ...b];
  const names = Object.keys(all[0] ?? {}).filter((name) => all.every((run) => name in run));
  return names.map((name) => {
    const [ofA, ofB] = [a, b].map((runs) => runs.map((run) => run[name] ?? 0)) as [
      number[],
      number[],
    ];
    const [spreadA, spreadB] = [spreadOf(ofA), spreadOf(ofB)];
    const chance = chanceOfDifference(ofA, ofB);
    return {
      name,
      a: spreadA,
      b: spreadB,
      change: spreadA.median === 0 ? undefined : spreadB.median / spreadA.median - 1,
      chance,
      verdict: verdictOf(spreadA, spreadB, chance),
    };
  });
};

const spreadText = ({ median, least, most }: Spread): string => {
  const [middle, from, to] = [median, least, most].map((one) => numberText(significant(one)));
  return `${middle} (${from} … ${to})`;
};

const percent = (change: number | undefined): string =>
  change === undefined ? "" : `${change > 0 ? "+" : ""}${(change * 100).toFixed(1)} %`;

export const comparisonText = (
  compared: readonly Compared[],
  { a, b, rounds }: { readonly a: string; readonly b: string; readonly rounds: number },
): string => {
  const rows = compared.map((one) => [
    one.name,
    spreadText(one.a),
    spreadText(one.b),
    percent(one.change),
    one.chance.toPrecision(2),
    one.verdict,
  ]);
  const head = ["figure", `A ${a}`, `B ${b}`, "B to A", "by chance", "B is"];
  const byChance = Math.ceil(compared.length * CHANCE_MAX);
  return [
    tableText(head, rows),
    `median (least … most) of ${rounds} rounds each, in alternation. "by chance": how often so clear a`,
    `difference would come if there were none (rank sums, exact); above ${CHANCE_MAX} nothing is claimed. Of`,
    `${compared.length} figures about ${byChance} may still differ by chance alone: run again what matters.`,
  ].join("\n");
};
