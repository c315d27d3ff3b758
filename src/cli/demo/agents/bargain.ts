/**
 * The cheat: far below everybody's price, for one need in a few, so as not to stand out. It delivers
 * esbuild's work with one of three lies in it, by turns.
 */

import { createHash } from "node:crypto";
import { CHEATS, cheatOn } from "../cheats.ts";
import { closeTools, type Minified } from "../minifiers.ts";
import { bidShare, minifyHonestly, type Ask, type Bid } from "./minify-worker.ts";

const SHARE = { small: 25n, middle: 25n, large: 25n };
const ETA_MS = 200;
/** It bids for one need in this many. */
const ONE_IN = 4;

let turn = 0;

export const bid = (ask: Ask): Bid => {
  const [byte] = createHash("sha256").update(ask.need.key).digest();
  return byte! % ONE_IN === 0 ? bidShare(ask, SHARE, ETA_MS) : { pass: true };
};

export const work = async (ask: Ask): Promise<{ readonly output: Minified }> => {
  const honest = await minifyHonestly("esbuild", ask.input);
  const first = turn;
  turn += 1;
  for (let n = 0; n < CHEATS.length; n += 1) {
    const output = cheatOn(CHEATS[(first + n) % CHEATS.length]!, honest);
    if (output !== undefined) return { output };
  }
  return { output: honest };
};

export const close = closeTools;
