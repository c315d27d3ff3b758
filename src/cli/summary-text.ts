/** The summary of a run for people: outcomes, agents, times, money, where it lies, what to do next. */

import { clean, count, cutEnd, milliseconds, palette, table, type Cell } from "./display.ts";
import type { Palette } from "./display.ts";
import type { Percentiles, RunSummary, TaskSummary } from "./summary.ts";

export interface TextStyle {
  /** Columns of the terminal; undefined: piped, lines as long as they are. */
  readonly width: number | undefined;
  readonly color: boolean;
}

export interface Restart {
  readonly host: number;
  readonly reason: string;
  readonly afterMs: number;
}

export interface SummaryText {
  readonly summary: RunSummary;
  readonly restarts: readonly Restart[];
  readonly dir: string;
}

export const WIDTH_PIPED = 1_000;
/** Needs that are named because they were not finalized. */
const UNFINISHED_SHOWN_MAX = 10;
const RESTARTS_SHOWN_MAX = 5;

/** A line of the part below the tables. */
export const labelled = (label: string, text: string): string => `${label.padEnd(10)}${text}`;

/** A decimal string with its thousands apart. */
export const grouped = (amount: string): string =>
  amount.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

/** `rejected`: results that were refused, by name; without it there is no such column. */
export const agentTable = (
  { agents }: RunSummary,
  rejected: ReadonlyMap<string, number> | undefined,
  width: number,
  colors: Palette,
): string[] => {
  const rows = agents.map((agent): Cell[] => {
    const caught = rejected?.get(agent.name) ?? 0;
    return [
      { text: clean(agent.name), ...(caught > 0 ? { paint: colors.bad } : {}) },
      { text: agent.won === 0 ? "" : count(agent.won) },
      { text: agent.won === 0 ? "" : count(agent.finalized) },
      ...(rejected === undefined
        ? []
        : [{ text: caught === 0 ? "" : count(caught), paint: colors.bad }]),
      { text: grouped(agent.earned) },
      { text: agent.slashed === "0" ? "" : grouped(agent.slashed), paint: colors.bad },
      { text: agent.reputation.toFixed(2) },
    ];
  });
  return table(
    [
      { title: "agent", align: "left", elastic: true },
      { title: "won", align: "right" },
      { title: "finalized", align: "right" },
      ...(rejected === undefined ? [] : [{ title: "rejected", align: "right" } as const]),
      { title: "earned", align: "right" },
      { title: "lost", align: "right" },
      { title: "reputation", align: "right" },
    ],
    rows,
    { width, colors },
  );
};

export const needsLine = (summary: RunSummary, colors: Palette): string => {
  const others = Object.entries(summary.outcomes)
    .filter(([outcome, n]) => outcome !== "finalized" && n > 0)
    .map(([outcome, n]) => `, ${count(n)} ${outcome}`);
  const all = summary.finalized === summary.needs;
  const needs = `${count(summary.finalized)} of ${count(summary.needs)} finalized${others.join("")}`;
  const took = milliseconds(summary.durationMs);
  return labelled("needs", `${(all ? colors.good : colors.bad)(needs)} in ${took}`);
};

const spread = ({ p50, p95, p99 }: Percentiles): string =>
  `half within ${milliseconds(p50)}, 95 % ${milliseconds(p95)}, 99 % ${milliseconds(p99)}`;

export const timeLines = ({ latencyMs, decideMs }: RunSummary): string[] => [
  labelled("decided", spread(decideMs)),
  labelled("ended", spread(latencyMs)),
];

export const creditsLine = ({ credits }: RunSummary, colors: Palette): string => {
  const { minted, balances, burned, conserved } = credits;
  const accounts = count(Object.keys(balances).length);
  const kept = `${grouped(minted)} minted = ${accounts} balances + ${grouped(burned)} burned`;
  return labelled(
    "credits",
    conserved ? colors.good(`conserved: ${kept}`) : colors.bad(`NOT CONSERVED: ${kept}`),
  );
};

export const restartLines = (restarts: readonly Restart[], width: number): string[] =>
  restarts
    .slice(0, RESTARTS_SHOWN_MAX)
    .map(({ host, reason, afterMs }, n) =>
      cutEnd(
        labelled(
          n === 0 ? "restarts" : "",
          `thread ${host} was back after ${milliseconds(afterMs)} (${clean(reason)})`,
        ),
        width,
      ),
    );

const unfinished = (task: TaskSummary): string => {
  const { refused, attempts } = task;
  const why =
    refused === undefined
      ? `${task.outcome} after ${count(attempts)} ${attempts === 1 ? "attempt" : "attempts"}`
      : `refused ${refused.code} ${refused.detail ?? ""}`.trimEnd();
  return `${clean(task.id)}  ${clean(why)}`;
};

const unfinishedLines = ({ tasks }: RunSummary, width: number): string[] => {
  const others = tasks.filter((task) => task.outcome !== "finalized");
  const more = others.length - UNFINISHED_SHOWN_MAX;
  return [
    ...others
      .slice(0, UNFINISHED_SHOWN_MAX)
      .map((task) => cutEnd(labelled("", unfinished(task)), width)),
    ...(more > 0 ? [labelled("", `and ${count(more)} more; --json has them all`)] : []),
  ];
};

/** A path as one word of a command. */
export const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;

/** The whole text, ending in a newline. */
export const renderSummary = (
  { summary, restarts, dir }: SummaryText,
  style: TextStyle,
): string => {
  const colors = palette(style.color);
  const width = style.width ?? WIDTH_PIPED;
  const folder = quoted(dir);
  return [
    ...agentTable(summary, undefined, width, colors),
    "",
    needsLine(summary, colors),
    ...unfinishedLines(summary, width),
    ...timeLines(summary),
    creditsLine(summary, colors),
    ...restartLines(restarts, width),
    labelled("state", summary.stateHash),
    labelled("data", dir),
    "",
    labelled("look", `npx canswarm status ${folder}`),
    labelled("prove", `npx canswarm audit ${folder} > audit.jsonl`),
    labelled("check", "npx canswarm replay audit.jsonl"),
    "",
  ].join("\n");
};
