/** The end of the main job, for people: who won what, what it saved, who cheated, where the proof lies. */

import {
  bar,
  clean,
  count,
  cutEnd,
  cutStart,
  milliseconds,
  palette,
  table,
  type Cell,
  type Palette,
} from "#cli/display.ts";
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
} from "#cli/summary-text.ts";
import type { RunSummary } from "#cli/summary.ts";
import type { Difference } from "./recompute.ts";

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
  readonly restarts: readonly Restart[];
  /** Finalized results that were made again, and those that came out otherwise. */
  readonly recomputed: { readonly results: number; readonly differences: readonly Difference[] };
  /** Where the audit lies, as the user would type it. */
  readonly audit: string;
  /** The command that checks it. */
  readonly check: string;
}

const BAR_WIDTH = 10;
/** Narrower terminals get the figure without its bar. */
const BAR_COLUMNS_MIN = 104;
const CHEATS_SHOWN_MAX = 12;
const HUNDRED = 100;
const FOLDER = "node_modules/";

const percentSaved = (bytesIn: number, bytesOut: number): number =>
  bytesIn === 0 ? 0 : Math.round((HUNDRED * (bytesIn - bytesOut)) / bytesIn);

/** Attempts whose result was refused, or accepted first and then successfully challenged. */
const rejectedOf = (detail: NeedDetail) =>
  detail.attempts.filter(({ outcome }) => outcome === "rejected" || outcome === "invalidated");

const shortName = (id: string): string =>
  clean(id.startsWith(FOLDER) ? id.slice(FOLDER.length) : id);

/** Decimal texts, so that their points stand in one column when they are aligned right. */
const aligned = (amounts: readonly (string | undefined)[]): string[] => {
  const places = (amount = ""): number => amount.split(".")[1]?.length ?? 0;
  const most = Math.max(0, ...amounts.map(places));
  return amounts.map((amount) => {
    if (amount === undefined) return "–";
    const whole = places(amount) === 0 && most > 0 ? `${amount}.` : amount;
    return whole + "0".repeat(most - places(amount));
  });
};

const needRow = (
  detail: NeedDetail,
  { outcome, price }: { readonly outcome: string; readonly price: string },
  width: number,
  colors: Palette,
): Cell[] => {
  const { bytesIn, bytesOut, latencyMs } = detail;
  const sized = bytesIn !== undefined && bytesOut !== undefined;
  const saved = sized ? percentSaved(bytesIn, bytesOut) : 0;
  const cheats = rejectedOf(detail).map(({ worker }) => clean(worker ?? "somebody"));
  const drawn = width < BAR_COLUMNS_MIN ? "" : `${bar(saved, HUNDRED, BAR_WIDTH)} `;
  const done = outcome === "finalized";
  return [
    { text: shortName(detail.id) },
    { text: sized ? count(bytesIn) : "–" },
    { text: sized ? count(bytesOut) : "–" },
    { text: sized ? `${drawn}${String(saved).padStart(3)} %` : "–" },
    done
      ? { text: clean(detail.worker ?? "–"), paint: colors.good }
      : { text: clean(outcome), paint: colors.bad },
    { text: price },
    { text: latencyMs === undefined ? "–" : milliseconds(latencyMs) },
    { text: cheats.join(", "), paint: colors.bad },
  ];
};

const needTable = (report: Report, width: number, colors: Palette): string[] => {
  const outcomes = new Map(report.summary.tasks.map((task) => [task.id, task.outcome]));
  const prices = aligned(report.details.map(({ price }) => price));
  return table(
    [
      { title: "file", align: "left", elastic: true },
      { title: "bytes", align: "right" },
      { title: "minified", align: "right" },
      { title: "saved", align: "left" },
      { title: "won by", align: "left" },
      { title: "credits", align: "right" },
      { title: "took", align: "right" },
      { title: "rejected", align: "left" },
    ],
    report.details.map((detail, n) => {
      const outcome = outcomes.get(detail.id) ?? "unknown";
      return needRow(detail, { outcome, price: prices[n] ?? "–" }, width, colors);
    }),
    { width, colors },
  );
};

const rejectedByAgent = (details: readonly NeedDetail[]): Map<string, number> => {
  const rejected = new Map<string, number>();
  for (const { worker } of details.flatMap(rejectedOf))
    if (worker !== undefined) rejected.set(worker, (rejected.get(worker) ?? 0) + 1);
  return rejected;
};

const NAME_UNITS_MIN = 12;

const cheatLines = (details: readonly NeedDetail[], width: number, colors: Palette): string[] => {
  const told = details.flatMap((detail) =>
    rejectedOf(detail).map(({ worker, reason }) => {
      const said = `${clean(worker ?? "somebody")}: ${clean(reason ?? "no reason")}  `;
      const room = width - labelled("", said).length;
      return said + cutStart(shortName(detail.id), Math.max(NAME_UNITS_MIN, room));
    }),
  );
  const more = told.length - CHEATS_SHOWN_MAX;
  return [
    labelled("cheats", told.length === 0 ? "none" : colors.bad(`${count(told.length)} rejected`)),
    ...told
      .slice(0, CHEATS_SHOWN_MAX)
      .map((line) => labelled("", colors.dim(cutEnd(line, width - labelled("", "").length)))),
    ...(more > 0 ? [labelled("", `and ${count(more)} more`)] : []),
  ];
};

const savedLine = (details: readonly NeedDetail[]): string => {
  const sized = details.filter(
    ({ bytesIn, bytesOut }) => bytesIn !== undefined && bytesOut !== undefined,
  );
  const bytesIn = sized.reduce((sum, detail) => sum + detail.bytesIn!, 0);
  const bytesOut = sized.reduce((sum, detail) => sum + detail.bytesOut!, 0);
  const percent = percentSaved(bytesIn, bytesOut);
  return labelled(
    "saved",
    `${count(bytesIn - bytesOut)} of ${count(bytesIn)} bytes (${percent} %)`,
  );
};

const againLines = ({ recomputed }: Report, colors: Palette): string[] => {
  const { results, differences } = recomputed;
  const found = `${count(differences.length)} ${differences.length === 1 ? "difference" : "differences"}`;
  const told = `${count(results)} results made once more by other code: ${found}`;
  return [
    labelled("again", differences.length === 0 ? colors.good(told) : colors.bad(told)),
    ...differences.map(({ path, why }) =>
      labelled("", colors.bad(`${clean(path)}: ${clean(why)}`)),
    ),
  ];
};

/** The whole report, ending in a newline. */
export const renderReport = (report: Report, style: TextStyle): string => {
  const colors = palette(style.color);
  const width = style.width ?? WIDTH_PIPED;
  const { summary, details, restarts } = report;
  return [
    ...needTable(report, width, colors),
    "",
    ...agentTable(summary, rejectedByAgent(details), width, colors),
    "",
    needsLine(summary, colors),
    savedLine(details),
    ...cheatLines(details, width, colors),
    ...againLines(report, colors),
    ...timeLines(summary),
    creditsLine(summary, colors),
    ...restartLines(restarts, width),
    labelled("state", summary.stateHash),
    labelled("audit", report.audit),
    labelled("check it", report.check),
    "",
  ].join("\n");
};
