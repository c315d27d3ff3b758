/** A worker that minifies with one tool and asks for a share of the bounty by the size of the file. */

import { formatAmount, parseAmount } from "#cli/input/amount.ts";
import {
  allowedOptions,
  byteLength,
  closeTools,
  minify,
  versionOf,
  type Minified,
  type SourceFile,
  type Tool,
} from "../minifiers.ts";

const SMALL_BYTES_MAX = 4 * 1024;
const MIDDLE_BYTES_MAX = 12 * 1024;
const PERCENT = 100n;

/** Percent of the bounty asked for a file of each size. */
export interface Prices {
  readonly small: bigint;
  readonly middle: bigint;
  readonly large: bigint;
}

export interface Ask {
  readonly need: { readonly key: string; readonly bounty: string };
  readonly input?: unknown;
}

export type Bid = { readonly price: string; readonly etaMs: number } | { readonly pass: true };

export const fileOf = (input: unknown): SourceFile | undefined => {
  if (typeof input !== "object" || input === null) return undefined;
  const { path, text } = input as { readonly path?: unknown; readonly text?: unknown };
  return typeof path === "string" && typeof text === "string" ? { path, text } : undefined;
};

/** A worker that was not given the file before the auction asks for what a large one costs. */
const shareOf = (prices: Prices, file: SourceFile | undefined): bigint => {
  const bytes = file === undefined ? Infinity : byteLength(file.text);
  if (bytes <= SMALL_BYTES_MAX) return prices.small;
  return bytes <= MIDDLE_BYTES_MAX ? prices.middle : prices.large;
};

export const bidShare = (ask: Ask, prices: Prices, etaMs: number): Bid => {
  const bounty = parseAmount(ask.need.bounty);
  if (bounty === undefined) return { pass: true };
  const price = (bounty * shareOf(prices, fileOf(ask.input))) / PERCENT;
  return { price: formatAmount(price), etaMs };
};

export const minifyHonestly = async (tool: Tool, input: unknown): Promise<Minified> => {
  const file = fileOf(input);
  if (file === undefined) throw new Error("the input is no text file");
  const [options] = allowedOptions(tool, file);
  const code = await minify(tool, options, file.text);
  return {
    tool,
    version: versionOf(tool),
    options,
    code,
    bytesIn: byteLength(file.text),
    bytesOut: byteLength(code),
  };
};

export const minifyWorker = (tool: Tool, prices: Prices, etaMs: number) => ({
  bid: (ask: Ask): Bid => bidShare(ask, prices, etaMs),
  work: async (ask: Ask): Promise<{ readonly output: Minified }> => ({
    output: await minifyHonestly(tool, ask.input),
  }),
  close: tool === "esbuild" ? closeTools : (): void => undefined,
});
