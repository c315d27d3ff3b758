/**
 * How every bench tells what it measured: a table for people, or with `--json` one object as the last
 * line, which `bench/history.ts` keeps and `bench/plots.ts` draws.
 */

import { execFileSync } from "node:child_process";
import { arch, cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { significant } from "./statistics.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly arch: string;
  readonly node: string;
  /** Mean of runnable tasks over the minute before: above 0 others were at work too. */
  readonly loadBefore: number;
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  arch: arch(),
  node: process.version,
  loadBefore: significant(loadavg()[0] ?? 0),
});

/** Of the machine when this process began: a bench makes load itself. */
const MACHINE = machine();
const root = fileURLToPath(new URL("../../", import.meta.url));

/** The commit of the checkout, `+` where files differ from it; undefined outside of one. */
export const revisionOf = (folder = root): string | undefined => {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", folder, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    // Keeping a run changes nothing that the next one measures.
    const changed = git("status", "--porcelain", "--", ".", ":!bench/history.jsonl");
    return git("rev-parse", "--short=12", "HEAD") + (changed === "" ? "" : "+");
  } catch {
    return undefined;
  }
};

/** One line of a bench: what was measured, and the least or most that this run could have had. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What bare work of the same kind reaches in the same run, in the same unit. */
  readonly floor?: { readonly name: string; readonly value: number };
}

export interface Measured extends Figure {
  readonly ratio?: number;
}

/** `ratio` is value / floor: of rates at most about 1, of times and sizes at least about 1. */
export const measuredOf = ({ name, value, unit, floor }: Figure): Measured => ({
  name,
  value: significant(value, 4),
  unit,
  ...(floor === undefined
    ? {}
    : {
        floor: { name: floor.name, value: significant(floor.value, 4) },
        ratio: significant(value / floor.value),
      }),
});

export const numberText = (value: number): string => value.toLocaleString("en");

/** Columns as wide as their widest cell; `left` of them are texts and stand to the left. */
export const tableText = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string => {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return at < left ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  return [head, ...rows].map(line).join("\n");
};

const figuresText = (measured: readonly Measured[]): string =>
  tableText(
    ["figure", "value", "unit", "floor", "ratio", "the floor is"],
    measured.map(({ name, value, unit, floor, ratio }) => [
      name,
      numberText(value),
      unit,
      floor === undefined ? "" : numberText(floor.value),
      ratio === undefined ? "" : String(ratio),
      floor?.name ?? "",
    ]),
  );

export interface Told {
  readonly bench: string;
  readonly isJson: boolean;
  /** For people; nothing of it is in the JSON. */
  readonly text: string;
  /** For machines. */
  readonly result: Readonly<Record<string, unknown>>;
}

/** The one place where a bench writes to standard output. */
export const tell = ({ bench, isJson, text, result }: Told): void => {
  const whole = { bench, revision: revisionOf(), ...result, machine: MACHINE };
  process.stdout.write(isJson ? `${JSON.stringify(whole)}\n` : `${text}\n`);
};

export const tellFigures = (
  bench: string,
  figures: readonly Figure[],
  { isJson }: { readonly isJson: boolean },
): void => {
  const measured = figures.map(measuredOf);
  tell({ bench, isJson, text: figuresText(measured), result: { figures: measured } });
};

export const note = (text: string): void => void process.stderr.write(`${text}\n`);
