/**
 * Results of benches as lines that can be kept and compared. One run, one line of `bench/history.jsonl`:
 *
 *     {"date": ISO, "revision": commit, "bench": name, "machine": {…},
 *      "figures": {name: number}, "series"?: [{name: number}]}
 *
 * `revision` ends in `+` where the checkout differed from its commit. Pure.
 */

export type Figures = Readonly<Record<string, number>>;
export type Point = Figures;

export interface HistoryLine {
  readonly date: string;
  readonly revision: string | undefined;
  readonly bench: string;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly figures: Figures;
  /** Steps of one run, as offered loads. */
  readonly series?: readonly Point[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is told for the reader's understanding and is no figure of the run. */
const NO_FIGURES = new Set(["machine", "outcomes", "seconds", "guarantees"]);

/** The numbers of an object, by their paths: `latencyMs.p99`. */
const leaves = (value: Json, path = ""): readonly (readonly [string, number])[] =>
  Object.entries(value).flatMap(([key, inner]) => {
    if (NO_FIGURES.has(key)) return [];
    const name = path === "" ? key : `${path}.${key}`;
    if (typeof inner === "number") return [[name, inner] as const];
    return isObject(inner) ? leaves(inner, name) : [];
  });

/** Of a micro-bench: each figure, and its ratio to its floor. */
const listed = (figures: readonly unknown[]): readonly (readonly [string, number])[] =>
  figures
    .filter(isObject)
    .flatMap(({ name, value, ratio }) => [
      [String(name), Number(value)] as const,
      ...(typeof ratio === "number" ? [[`${String(name)}, of its floor`, ratio] as const] : []),
    ]);

/** All numbers of what a bench printed with `--json`. */
export const figuresOf = (result: Json): Figures => {
  const own = Array.isArray(result["figures"]) ? listed(result["figures"]) : [];
  return Object.fromEntries([...own, ...leaves(result)]);
};

const pointsOf = (series: unknown): readonly Point[] | undefined =>
  Array.isArray(series)
    ? series.filter(isObject).map((point) => Object.fromEntries(leaves(point)))
    : undefined;

/** `canswarm bench` tells a mode or nothing; every other bench its name. */
const benchOf = ({ bench, mode }: Json): string =>
  typeof bench === "string" ? bench : typeof mode === "string" ? mode : "embedded";

/** The last line of a bench's output, of a run at `date`; throws where it is no result. */
export const lineOf = (
  output: string,
  { date, revision }: { readonly date: string; readonly revision: string | undefined },
): HistoryLine => {
  const result: unknown = JSON.parse(output.trim().split("\n").at(-1) ?? "");
  if (!isObject(result) || !isObject(result["machine"]))
    throw new SyntaxError("that is no result of a bench: it names no machine");
  const told = result["revision"];
  const series = pointsOf(result["series"]);
  return {
    date,
    revision: typeof told === "string" ? told : revision,
    bench: benchOf(result),
    machine: result["machine"],
    figures: figuresOf(result),
    ...(series === undefined ? {} : { series }),
  };
};

export const historyOf = (text: string): readonly HistoryLine[] =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as HistoryLine);
