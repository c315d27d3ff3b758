/** What the documents promise, read from their text. */

import { dirname, join, normalize } from "node:path";
import { FILES, read } from "./checkout.ts";

export const DOCUMENTS: readonly string[] = FILES.filter((path) => path.endsWith(".md"));

/** Text without fenced code, whose brackets and backticks mean other things. */
export const prose = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, "");

/** The anchor that a heading gets. */
const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[`*]/g, "")
    .replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

export const anchorsOf = (text: string): readonly string[] =>
  [...prose(text).matchAll(/^#+ (.*)$/gm)].map((match) => slugOf(match[1] ?? ""));

const exists = (path: string): boolean =>
  FILES.includes(path) || FILES.some((file) => file.startsWith(`${path.replace(/\/$/, "")}/`));

/** Links of a document that lead nowhere. `readText` gives the documents they point into. */
export const brokenLinks = (
  path: string,
  text: string,
  readText: (path: string) => string = read,
): readonly string[] => {
  const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return links.flatMap((link) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    if (!exists(target)) return [`${path}: ${link}: no such file`];
    if (anchor === undefined || !target.endsWith(".md")) return [];
    const anchors = anchorsOf(target === path ? text : readText(target));
    return anchors.includes(anchor) ? [] : [`${path}: ${link}: no such heading`];
  });
};

export interface FeatureRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Rows of the feature tables: every table row that is neither a head nor its rule. */
export const featureRows = (text: string): readonly FeatureRow[] =>
  text.split("\n").flatMap((row, at) => {
    if (!row.startsWith("|") || /^\|[\s:|-]+\|$/.test(row) || /^\| *feature *\|/.test(row)) {
      return [];
    }
    const cells = row
      .slice(1, row.lastIndexOf("|"))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    return [{ line: at + 1, cells }];
  });

/** Paths of tests that a cell names. */
export const testsNamed = (cell: string): readonly string[] =>
  [...cell.matchAll(/`((?:test|bench)\/[^`\s]+)`/g)].map((match) => match[1] ?? "");

/** What is wrong with a row: it shows what works and proves it, or it says what is missing. */
export const featureFaults = (row: FeatureRow, known: (path: string) => boolean) => {
  const [feature, see, test, missing] = row.cells;
  const at = `line ${row.line} (${feature ?? ""})`;
  if (row.cells.length !== 4) return [`${at}: has ${row.cells.length} columns`];
  if (!feature) return [`${at}: has no name`];
  const tests = testsNamed(test ?? "");
  const unknown = tests.filter((path) => !known(path)).map((path) => `${at}: no test ${path}`);
  if (missing === "–" && tests.length === 0) return [...unknown, `${at}: whole, but no test`];
  if (missing === "–" && !see) return [...unknown, `${at}: whole, but nothing to see`];
  if (!missing) return [...unknown, `${at}: the last column says – or what is missing`];
  return unknown;
};
