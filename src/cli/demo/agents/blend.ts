/**
 * A tool that no verifier knows, so they go by what its results do. Few files let probes see enough; it
 * probes its own work before it bids, and bids only where a careful verifier would pass it.
 */

import { blend } from "../blend.ts";
import { byteLength, closeTools, type Minified, type SourceFile } from "../minifiers.ts";
import { probe } from "../probe/probe.ts";
import { bidShare, fileOf, type Ask, type Bid } from "./minify-worker.ts";

const PRICES = { tiny: 12n, small: 12n, middle: 12n, large: 12n, huge: 12n } as const;
const ETA_MS = 1_000;
/** Larger files are hardly ever reached as a whole. */
const BYTES_MAX = 3 * 1024;
/** A file that needs others cannot be run alone. */
const ALONE = /^(?![^]*\brequire\s*\()(?![^]*^\s*(?:import\b|export\b.*\bfrom\b))/m;

/** One after the other: a market of a hundred needs asks a hundred times at once. */
let queue: Promise<unknown> = Promise.resolve();
const inTurn = <T>(job: () => Promise<T>): Promise<T> => {
  const result = queue.then(job);
  queue = result.catch(() => undefined);
  return result;
};

const holds = async (file: SourceFile): Promise<boolean> => {
  if (byteLength(file.text) > BYTES_MAX || !ALONE.test(file.text)) return false;
  const made = await blend(file).catch(() => undefined);
  return made !== undefined && (await probe(file, made.code)).verdict === "pass";
};

export const bid = async (ask: Ask): Promise<Bid> => {
  const file = fileOf(ask.input);
  if (file === undefined || !(await inTurn(() => holds(file)))) return { pass: true };
  return bidShare(ask, PRICES, ETA_MS);
};

export const work = async (ask: Ask): Promise<{ readonly output: Minified }> => {
  const file = fileOf(ask.input);
  if (file === undefined) throw new Error("the input is no text file");
  return { output: await blend(file) };
};

export const close = closeTools;
