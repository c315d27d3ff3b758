/** The end of the main job, for people: who won what, what it saved, who cheated, where the proof lies. */

import {
  bar,
  clean,
  count,
  milliseconds,
  palette,
  table,
  type Cell,
  type Palette,
} from "#cli/display.ts";
import type { RunSummary } from "#cli/summary.ts";

/** What the summary does not say about one need. */
export interface NeedDetail {
  readonly id: string;
  readonly need: string;
  readonly worker?: string;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly latencyMs?: number;
  /** Decimal string of credits that the worker got. */
  readonly price?: string;
  readonly attempts: readonly {
    readonly attempt: number;
    readonly worker?: string;
    readonly outcome: string;
    /** What a verifier said, where one failed it. */
    readonly reason?: string;
  }[];
}

export interface Report {
  readonly summary: RunSummary;
  readonly details: readonly NeedDetail[];
  /** Where the audit lies, as the user would type it. */
  readonly audit: string;
  /** The command that checks it. */
  readonly check: string;
}

export interface ReportStyle {
  /** Columns of the terminal; undefined: piped, lines as long as they are. */
  readonly width: number | undefined;
  readonly color: boolean;
}

const WIDTH_PIPED = 1_000;
const BAR_WIDTH = 10;
const HUNDRED = 100;
const FOLDER = "node_modules/";

const percentSaved = (bytesIn: number, bytesOut: number): number =>
  bytesIn === 0 ? 0 : Math.round((HUNDRED * (bytesIn - bytesOut)) / bytesIn);

/** Attempts before the last that ended otherwise than by silence of the market. */
const rejectedOf = (detail: NeedDetail) =>
  detail.attempts.filter(({ outcome }) => outcome === "rejected" || outcome === "invalidated");

const needRow = (detail: NeedDetail, outcome: string, colors: Palette): Cell[] => {
  const { bytesIn, bytesOut, latencyMs } = detail;
  const sized = bytesIn !== undefined && bytesOut !== undefined;
  const saved = sized ? percentSaved(bytesIn, bytesOut) : 0;
  const cheats = rejectedOf(detail).map(({ worker }) => clean(worker ?? "somebody"));
  const done = outcome === "finalized";
  return [
    { text: clean(detail.id.startsWith(FOLDER) ? detail.id.slice(FOLDER.length) : detail.id) },
    { text: sized ? count(bytesIn) : "–" },
    { text: sized ? count(bytesOut) : "–" },
    { text: sized ? `${bar(saved, HUNDRED, BAR_WIDTH)} ${String(saved).padStart(3)} %` : "–" },
    done
      ? { text: clean(detail.worker ?? "–"), paint: colors.good }
      : { text: clean(outcome), paint: colors.bad },
    { text: detail.price ?? "–" },
    { text: latencyMs === undefined ? "–" : milliseconds(latencyMs) },
    {
      text: cheats.length === 0 ? "" : `rejected first: ${cheats.join(", ")}`,
      paint: colors.bad,
    },
  ];
};

const needTable = (report: Report, width: number, colors: Palette): string[] => {
  const outcomes = new Map(report.summary.tasks.map((task) => [task.id, task.outcome]));
  return table(
    [
      { title: "file", align: "left", elastic: true },
      { title: "bytes", align: "right" },
      { title: "minified", align: "right" },
      { title: "saved", align: "left" },
      { title: "won by", align: "left" },
      { title: "credits", align: "right" },
      { title: "took", align: "right" },
      { title: "", align: "left" },
    ],
    report.details.map((detail) => needRow(detail, outcomes.get(detail.id) ?? "unknown", colors)),
    { width, colors },
  );
};

const agentTable = ({ summary, details }: Report, width: number, colors: Palette): string[] => {
  const rejected = new Map<string, number>();
  for (const { worker } of details.flatMap(rejectedOf))
    if (worker !== undefined) rejected.set(worker, (rejected.get(worker) ?? 0) + 1);
  const rows = summary.agents.map((agent): Cell[] => {
    const caught = rejected.get(agent.name) ?? 0;
    return [
      { text: clean(agent.name), ...(caught > 0 ? { paint: colors.bad } : {}) },
      { text: count(agent.won) },
      { text: count(agent.finalized) },
      { text: caught === 0 ? "" : count(caught), paint: colors.bad },
      { text: agent.earned },
      { text: agent.slashed === "0" ? "" : agent.slashed, paint: colors.bad },
      { text: agent.reputation.toFixed(2) },
    ];
  });
  return table(
    [
      { title: "agent", align: "left" },
      { title: "won", align: "right" },
      { title: "finalized", align: "right" },
      { title: "rejected", align: "right" },
      { title: "earned", align: "right" },
      { title: "lost", align: "right" },
      { title: "reputation", align: "right" },
    ],
    rows,
    { width, colors },
  );
};

/** A decimal string with its thousands apart. */
const grouped = (amount: string): string => amount.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

const totals = ({ summary, details, audit, check }: Report, colors: Palette): string[] => {
  const sized = details.filter(
    ({ bytesIn, bytesOut }) => bytesIn !== undefined && bytesOut !== undefined,
  );
  const bytesIn = sized.reduce((sum, detail) => sum + detail.bytesIn!, 0);
  const bytesOut = sized.reduce((sum, detail) => sum + detail.bytesOut!, 0);
  const rejected = details.flatMap(rejectedOf);
  const others = Object.entries(summary.outcomes)
    .filter(([outcome, n]) => outcome !== "finalized" && n > 0)
    .map(([outcome, n]) => `, ${count(n)} ${outcome}`);
  const { minted, balances, burned, conserved } = summary.credits;
  const { p50, p95, p99 } = summary.latencyMs;
  const all = summary.finalized === summary.needs;
  const needs = `${count(summary.finalized)} of ${count(summary.needs)} finalized${others.join("")}`;
  const accounts = count(Object.keys(balances).length);
  const kept = `${grouped(minted)} minted = ${accounts} balances + ${grouped(burned)} burned`;
  return [
    `needs     ${(all ? colors.good : colors.bad)(needs)} in ${milliseconds(summary.durationMs)}`,
    `saved     ${count(bytesIn - bytesOut)} of ${count(bytesIn)} bytes (${percentSaved(bytesIn, bytesOut)} %)`,
    `cheats    ${rejected.length === 0 ? "none" : `${count(rejected.length)} rejected`}`,
    ...[...new Set(rejected.flatMap(({ reason }) => (reason === undefined ? [] : [reason])))].map(
      (reason) => `          ${colors.dim(clean(reason))}`,
    ),
    `latency   half within ${milliseconds(p50)}, 95 % within ${milliseconds(p95)}, 99 % within ${milliseconds(p99)}`,
    `credits   ${conserved ? colors.good(`conserved: ${kept}`) : colors.bad(`NOT CONSERVED: ${kept}`)}`,
    `state     ${summary.stateHash}`,
    `audit     ${audit}`,
    `check it  ${check}`,
  ];
};

/** The whole report, ending in a newline. */
export const renderReport = (report: Report, style: ReportStyle): string => {
  const colors = palette(style.color);
  const width = style.width ?? WIDTH_PIPED;
  return [
    ...needTable(report, width, colors),
    "",
    ...agentTable(report, width, colors),
    "",
    ...totals(report, colors),
    "",
  ].join("\n");
};
