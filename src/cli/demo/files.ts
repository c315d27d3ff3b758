/**
 * The files of the main job: of all dependency files of 1 to 60 KB, the first few in the order of
 * sha256(path). Nobody picked them, and everybody with the same lock file gets the same.
 */

import { createHash } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { clean, count, cutEnd, cutStart } from "#cli/display.ts";
import { TOOLS, allowedOptions, closeTools, minify, type SourceFile } from "./minifiers.ts";

export const FILES_COUNT = 96;
const BYTES_MIN = 1024;
const BYTES_MAX = 60 * 1024;
const EXTENSIONS = new Set([".js", ".mjs", ".cjs"]);
const DEPENDENCIES = "node_modules";

export interface ChosenFile {
  /** From the project's root, with "/" as separator: what is hashed. */
  readonly path: string;
  readonly absolute: string;
  readonly bytes: number;
  /** Hex sha2-256 of `path`. */
  readonly order: string;
}

export interface Choice {
  readonly files: readonly ChosenFile[];
  /** Came first in the order, but no minifier accepts them, each with what the last one said. */
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
  /** Files of the right kind and size there were in all. */
  readonly candidates: number;
}

/** Paths of all candidates. Links are not followed and hidden folders are caches: neither counts. */
const candidatesUnder = async (root: string): Promise<ChosenFile[]> => {
  const found: ChosenFile[] = [];
  const open = [DEPENDENCIES];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory() && !entry.name.startsWith(".")) open.push(path);
      if (!entry.isFile() || !EXTENSIONS.has(extname(entry.name))) continue;
      const absolute = join(root, path);
      const { size: bytes } = await stat(absolute);
      const order = createHash("sha256").update(path).digest("hex");
      if (bytes >= BYTES_MIN && bytes <= BYTES_MAX) found.push({ path, absolute, bytes, order });
    }
  }
  return found.sort((a, b) => (a.order < b.order ? -1 : 1));
};

/** Undefined if one minifier at least accepts the file; else what the last one said. */
const whyNot = async (file: SourceFile): Promise<string | undefined> => {
  let why = "";
  for (const tool of TOOLS) {
    try {
      await minify(tool, allowedOptions(tool, file)[0], file.text);
      return undefined;
    } catch (error) {
      why = String(error instanceof Error ? error.message : error).split("\n")[0]!;
    }
  }
  return why;
};

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch {
    return undefined;
  }
};

/** `root` is the folder that holds node_modules. */
export const chooseFiles = async (root: string, wanted = FILES_COUNT): Promise<Choice> => {
  const candidates = await candidatesUnder(root);
  const files: ChosenFile[] = [];
  const skipped: { path: string; why: string }[] = [];
  try {
    for (const file of candidates) {
      if (files.length === wanted) break;
      const text = await readText(file.absolute);
      const why = text === undefined ? "it is not UTF-8" : await whyNot({ path: file.path, text });
      if (why === undefined) files.push(file);
      else skipped.push({ path: file.path, why });
    }
  } finally {
    await closeTools();
  }
  return { files, skipped, candidates: candidates.length };
};

const ORDER_UNITS = 8;
const FOLDER = "node_modules/";
const GAP = "  ";
/** A column of the list: order and the end of the path, where the file's name stands. */
const COLUMN_UNITS = 38;
/** Wider than this the list gets no further columns. */
const LIST_UNITS_MAX = 118;

/** The list as it is printed before the work begins, in as many columns as there is room for. */
export const describeChoice = ({ files, skipped, candidates }: Choice, width: number): string => {
  const room = Math.min(width, LIST_UNITS_MAX);
  const columns = Math.max(1, Math.floor(room / (COLUMN_UNITS + GAP.length)));
  const units = Math.floor(room / columns) - GAP.length;
  const rows = Math.ceil(files.length / columns);
  const cell = ({ path, order }: ChosenFile): string => {
    const name = clean(path.startsWith(FOLDER) ? path.slice(FOLDER.length) : path);
    return `${order.slice(0, ORDER_UNITS)} ${cutStart(name, units - ORDER_UNITS - 1)}`;
  };
  return [
    `The first ${count(files.length)} of ${count(candidates)} dependency files of 1 to 60 KB, by sha256(path):`,
    ...Array.from({ length: rows }, (_, row) =>
      files
        .filter((__, n) => n % rows === row)
        .map((file) => GAP + cell(file).padEnd(units))
        .join("")
        .trimEnd(),
    ),
    ...skipped.map(({ path, why }) =>
      cutEnd(clean(`  skipped ${path}: no minifier accepts it (${why})`), width),
    ),
  ].join("\n");
};
