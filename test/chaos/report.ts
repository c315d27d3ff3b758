/** What chaos did and what came of it: a line for each episode, a table of faults, a verdict. */

import { count, palette, table, type Column } from "#cli/display.ts";
import type { EpisodeResult } from "./episode.ts";
import { KINDS, type Kind } from "./plan.ts";

export interface KindRow {
  readonly kind: Kind;
  readonly struck: number;
  /** The longest time of each without a need that ended, ms; of threads, until they were back. */
  readonly stalledMs: { readonly p50: number; readonly max: number } | undefined;
  readonly missed: Readonly<Record<string, number>>;
}

export interface Report {
  readonly seed: number;
  readonly episodes: number;
  readonly needs: number;
  readonly entries: number;
  /** Needs that were asked and are not finalized. */
  readonly lost: number;
  readonly lives: number;
  readonly restarts: number;
  readonly seconds: number;
  readonly kinds: readonly KindRow[];
  readonly wrong: readonly { readonly episode: number; readonly what: string }[];
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

const rowOf = (kind: Kind, results: readonly EpisodeResult[]): KindRow => {
  const struck = results.flatMap((one) => one.struck.filter(({ strike }) => strike.kind === kind));
  const times = struck.map(({ stalledMs }) => Math.round(stalledMs)).sort((a, b) => a - b);
  const missed: Record<string, number> = {};
  for (const { strike, why } of results.flatMap((one) => one.missed))
    if (strike.kind === kind) missed[why] = (missed[why] ?? 0) + 1;
  const [p50, max] = [times[Math.floor(times.length / 2)], times.at(-1)];
  const stalledMs = p50 === undefined || max === undefined ? undefined : { p50, max };
  return { kind, struck: struck.length, stalledMs, missed };
};

export const reportOf = (
  seed: number,
  results: readonly EpisodeResult[],
  seconds: number,
): Report => ({
  seed,
  episodes: results.length,
  needs: sum(results.map(({ episode }) => episode.needs)),
  entries: sum(results.map(({ entries }) => entries)),
  lost: sum(results.map(({ episode, outcomes }) => episode.needs - (outcomes["finalized"] ?? 0))),
  lives: sum(results.map(({ lives }) => lives)),
  restarts: sum(results.map(({ restarts }) => restarts)),
  seconds,
  kinds: KINDS.map((kind) => rowOf(kind, results)),
  wrong: results.flatMap(({ episode, wrong }) =>
    wrong.map((what) => ({ episode: episode.number, what })),
  ),
});

export const episodeLine = (result: EpisodeResult): string => {
  const { episode, struck, lives, tookMs, wrong, folder } = result;
  const verdict = wrong.length === 0 ? "clean" : `WRONG, see ${folder ?? ""}`;
  const hit = struck.map(({ what }) => what).join("; ") || "nothing struck";
  const of = lives === 1 ? "one process" : `${lives} processes`;
  const head = `${episode.number}: ${episode.needs} needs, ${of}, ${(tookMs / 1_000).toFixed(1)} s`;
  return [`${head}, ${verdict}: ${hit}`, ...wrong.map((what) => `    ${what}`)].join("\n");
};

const WIDTH = 100;
const COLUMNS: readonly Column[] = [
  { title: "fault", align: "left" },
  { title: "times", align: "right" },
  { title: "no progress, median", align: "right" },
  { title: "worst", align: "right" },
  { title: "did not come", align: "left" },
];

const seconds = (ms: number | undefined): string =>
  ms === undefined ? "–" : `${(ms / 1_000).toFixed(2)} s`;

export const renderReport = (report: Report): string => {
  const rows = report.kinds.map(({ kind, struck, stalledMs, missed }) => {
    const why = Object.entries(missed).map(([what, times]) => `${times}: ${what}`);
    const cells = [kind, String(struck), seconds(stalledMs?.p50), seconds(stalledMs?.max)];
    return [...cells, why.join(", ")].map((text) => ({ text }));
  });
  const { wrong, needs, entries, lives, restarts, lost } = report;
  const verdict =
    wrong.length === 0 ? "no violation, no need lost" : `${count(wrong.length)} things are wrong`;
  return [
    "",
    ...table(COLUMNS, rows, { width: WIDTH, colors: palette(false) }),
    "",
    `${count(report.episodes)} runs, ${count(needs)} needs (${count(lost)} lost), ` +
      `${count(entries)} entries, ${count(lives)} processes, ` +
      `${count(restarts)} threads restarted, ${report.seconds.toFixed(0)} s`,
    `not covered here: P4 and the wires of E6 (simulation watches stores and wires), P8`,
    verdict,
    "",
  ].join("\n");
};
