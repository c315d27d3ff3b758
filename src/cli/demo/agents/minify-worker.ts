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

const PERCENT = 100n;

/**
 * Sizes of files that are priced apart, each with the largest file of that size, bytes. Cut so that the
 * files of an ordinary node_modules fall into five heaps of nearly one height.
 */
export const SIZES = [
  ["tiny", 2 * 1024],
  ["small", 3.5 * 1024],
  ["middle", 6 * 1024],
  ["large", 12 * 1024],
  ["huge", Infinity],
] as const;

/**
 * Percent of the bounty asked for a file of each size. What makes a worker the cheapest is a lead of 20
 * and more: good repute is worth up to half of the bounty in a ranking, and shall not decide here.
 */
export type Prices = Readonly<Record<(typeof SIZES)[number][0], bigint>>;

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

/** A worker that was not given the file before the auction asks for what a huge one costs. */
const shareOf = (prices: Prices, file: SourceFile | undefined): bigint => {
  const bytes = file === undefined ? Infinity : byteLength(file.text);
  const size = SIZES.find(([, bytesMax]) => bytes <= bytesMax)?.[0] ?? "huge";
  return prices[size];
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

/** `reads`: what it does not bid on, it cannot be blamed for. */
export const minifyWorker = (
  tool: Tool,
  prices: Prices,
  etaMs: number,
  reads: (file: SourceFile) => boolean = () => true,
) => ({
  bid: (ask: Ask): Bid => {
    const file = fileOf(ask.input);
    return file !== undefined && !reads(file) ? { pass: true } : bidShare(ask, prices, etaMs);
  },
  work: async (ask: Ask): Promise<{ readonly output: Minified }> => ({
    output: await minifyHonestly(tool, ask.input),
  }),
  close: tool === "esbuild" ? closeTools : (): void => undefined,
});
