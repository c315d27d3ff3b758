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
/** A file that needs others, or its surroundings, cannot be run alone. */
const NEEDS_OTHERS = /\brequire\s*\(|^\s*import\b|^\s*export\b.*\bfrom\b|\bprocess\b/m;
/** Functions and branches need calls that reach them; a file of many is never reached as a whole. */
const BRANCHES = /=>|\b(?:function|class|while|for|if|case|catch)\b|&&|\|\||\?/g;
const BRANCHES_MAX = 6;

const isWorthProbing = ({ text }: SourceFile): boolean =>
  byteLength(text) <= BYTES_MAX &&
  !NEEDS_OTHERS.test(text) &&
  (text.match(BRANCHES)?.length ?? 0) <= BRANCHES_MAX;

const holds = async (file: SourceFile): Promise<boolean> => {
  if (!isWorthProbing(file)) return false;
  const made = await blend(file).catch(() => undefined);
  return made !== undefined && (await probe(file, made.code)).verdict === "pass";
};

export const bid = async (ask: Ask): Promise<Bid> => {
  const file = fileOf(ask.input);
  if (file === undefined || !(await holds(file))) return { pass: true };
  return bidShare(ask, PRICES, ETA_MS);
};

export const work = async (ask: Ask): Promise<{ readonly output: Minified }> => {
  const file = fileOf(ask.input);
  if (file === undefined) throw new Error("the input is no text file");
  return { output: await blend(file) };
};

export const close = closeTools;
