/** The end of the main job, for people: who won what, what it saved, who cheated, where the proof lies. */

import {
  bar,
  clean,
  count,
  cutEnd,
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
import { CHEATS, CHEAT_TEXTS } from "./cheats.ts";
import { cheatOfWorker } from "./market.ts";
import type { MutantRow } from "./mutants.ts";
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
  /** What became of accepted results that were changed and put to a verifier again. */
  readonly mutants: readonly MutantRow[];
  /** One row for each file; undefined: only where there are few of them. */
  readonly each?: boolean;
  /** Where the audit lies, as the user would type it. */
  readonly audit: string;
  /** The commands that check it. */
  readonly checks: readonly string[];
}

const BAR_WIDTH = 10;
/** Narrower terminals get the figure without its bar. */
const BAR_COLUMNS_MIN = 104;
/** Up to this many files get a row each without being asked. */
const ROWS_MAX = 30;
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

/** By kind: how often it was delivered, how often refused, and what was said the first time. */
const cheatTable = (
  details: readonly NeedDetail[],
  width: number,
  colors: Palette,
): readonly string[] => {
  const rows = CHEATS.map((cheat): Cell[] => {
    const attempts = details.flatMap(({ attempts }) =>
      attempts.filter(({ worker }) => worker !== undefined && cheatOfWorker(worker) === cheat),
    );
    const paid = attempts.filter(({ outcome }) => outcome === "finalized").length;
    const caught = attempts.filter(({ outcome }) => outcome === "rejected");
    const said = caught.find(({ reason }) => reason !== undefined)?.reason ?? "";
    return [
      { text: CHEAT_TEXTS[cheat] },
      { text: count(caught.length + paid) },
      { text: count(caught.length), paint: paid > 0 ? colors.bad : colors.good },
      { text: cutEnd(clean(said), Math.max(0, width - CHEAT_UNITS)), paint: colors.dim },
    ];
  });
  return table(
    [
      { title: "cheat", align: "left" },
      { title: "tried", align: "right" },
      { title: "caught", align: "right" },
      { title: "a verifier's words", align: "left" },
    ],
    rows,
    { width, colors },
  );
};

/** What stands left of the verifier's words. */
const CHEAT_UNITS = "one operator changed  tried  caught  ".length;

const mutantTable = ({ mutants }: Report, width: number, colors: Palette): string[] => {
  const sum = (name: "tried" | "caught" | "same" | "missed"): number =>
    mutants.reduce((total, row) => total + row[name], 0);
  const all = {
    kind: "all",
    tried: sum("tried"),
    caught: sum("caught"),
    same: sum("same"),
    missed: sum("missed"),
  };
  const rows = [...mutants, all];
  return table(
    [
      { title: "mutant of a result", align: "left" },
      { title: "tried", align: "right" },
      { title: "caught", align: "right" },
      { title: "same bytes", align: "right" },
      { title: "missed", align: "right" },
    ],
    rows.map(({ kind, tried, caught, same, missed }): Cell[] => [
      { text: kind },
      { text: count(tried) },
      { text: count(caught), paint: colors.good },
      { text: same === 0 ? "" : count(same) },
      { text: count(missed), paint: missed === 0 ? colors.good : colors.bad },
    ]),
    { width, colors },
  );
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
    ...(report.each === true || details.length <= ROWS_MAX
      ? [...needTable(report, width, colors), ""]
      : []),
    ...agentTable(summary, rejectedByAgent(details), width, colors),
    "",
    ...cheatTable(details, width, colors),
    "",
    ...(report.mutants.length === 0 ? [] : [...mutantTable(report, width, colors), ""]),
    needsLine(summary, colors),
    savedLine(details),
    ...againLines(report, colors),
    ...timeLines(summary),
    creditsLine(summary, colors),
    ...restartLines(restarts, width),
    labelled("state", summary.stateHash),
    labelled("audit", report.audit),
    ...report.checks.map((check, n) => labelled(n === 0 ? "check it" : "", check)),
    "",
  ].join("\n");
};
