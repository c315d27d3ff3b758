/**
 * A cheat: far below everybody's price, on one need in a few, so as not to stand out. It delivers
 * esbuild's work with its lie in it. Which files those are follows from their paths alone, and no two of
 * the four go for the same one.
 */

import { createHash } from "node:crypto";
import { CHEATS, cheatOn, type Cheat } from "../cheats.ts";
import { closeTools, type Minified, type SourceFile } from "../minifiers.ts";
import { bidShare, fileOf, minifyHonestly, type Ask, type Bid } from "./minify-worker.ts";

const PERCENT = 3n;
const PRICES = {
  tiny: PERCENT,
  small: PERCENT,
  middle: PERCENT,
  large: PERCENT,
  huge: PERCENT,
} as const;
const ETA_MS = 200;
/** Each cheat goes for one file in this many. */
const ONE_IN = 11;

/** The cheat that goes for a file, if one does. */
export const temptedBy = ({ path }: SourceFile): Cheat | undefined => {
  const [byte] = createHash("sha256").update(`cheat\0${path}`).digest();
  return CHEATS[byte! % ONE_IN];
};

const lieOn = async (cheat: Cheat, file: SourceFile): Promise<Minified | undefined> => {
  const honest = await minifyHonestly("esbuild", file).catch(() => undefined);
  return honest === undefined ? undefined : cheatOn(cheat, honest);
};

export const cheatWorker = (cheat: Cheat) => ({
  bid: async (ask: Ask): Promise<Bid> => {
    const file = fileOf(ask.input);
    if (file === undefined || temptedBy(file) !== cheat) return { pass: true };
    const lie = await lieOn(cheat, file);
    return lie === undefined ? { pass: true } : bidShare(ask, PRICES, ETA_MS);
  },
  work: async (ask: Ask): Promise<{ readonly output: Minified }> => {
    const file = fileOf(ask.input);
    const output = file === undefined ? undefined : await lieOn(cheat, file);
    if (output === undefined) throw new Error("there is nothing to lie about");
    return { output };
  },
  close: closeTools,
});
