/**
 * Tokens and what they cost. A token of a byte-level vocabulary is at least one byte of text, so bytes
 * bound tokens from above without knowing the vocabulary; that bound is what budgets reserve.
 */

import type { Micro, Prices } from "./spec.ts";

/** Tokens around the texts of a request: the model's own frame, and that of each message. */
const FRAME_TOKENS_MAX = 256;
const MESSAGE_TOKENS_MAX = 16;
/** Of a usual text; only for estimates. */
const BYTES_PER_TOKEN = 4;
/** The longest tokens of large vocabularies, runs of blanks, have 128 bytes. */
const TOKEN_BYTES_MAX = 128;
const MILLION = 1_000_000n;

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/**
 * Where a count comes from: the server's word; ours, because it said nothing; ours, because what it said
 * cannot be true.
 */
export type TokensFrom = "reported" | "estimated" | "doubted";

export interface Usage {
  readonly tokens: Tokens;
  readonly from: TokensFrom;
}

const bytesOf = (messages: readonly Message[]): number =>
  messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);

/** The most tokens that a request and its answer can have. */
export const tokensMax = (messages: readonly Message[], maxTokens: number): Tokens => ({
  input: bytesOf(messages) + FRAME_TOKENS_MAX + MESSAGE_TOKENS_MAX * messages.length,
  output: maxTokens,
});

/** Rounded up to whole millionths: never less than the price list says. */
export const costOf = ({ input, output }: Tokens, prices: Prices | undefined): Micro => {
  if (prices === undefined) return 0n;
  const exact = BigInt(input) * prices.input + BigInt(output) * prices.output;
  return (exact + MILLION - 1n) / MILLION;
};

const countOf = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;

/** What the server says it used, or our estimate where it says nothing or something impossible. */
export const usageOf = (
  reported: unknown,
  messages: readonly Message[],
  answerBytes: number,
  most: Tokens,
): Usage => {
  const inputBytes = bytesOf(messages);
  const estimate: Tokens = {
    input: Math.ceil(inputBytes / BYTES_PER_TOKEN),
    output: Math.min(most.output, Math.ceil(answerBytes / BYTES_PER_TOKEN)),
  };
  if (typeof reported !== "object" || reported === null)
    return { tokens: estimate, from: "estimated" };
  const { prompt_tokens, completion_tokens } = reported as Readonly<Record<string, unknown>>;
  const [input, output] = [countOf(prompt_tokens), countOf(completion_tokens)];
  if (input === undefined || output === undefined) return { tokens: estimate, from: "doubted" };
  const isPossible =
    input <= most.input &&
    output <= most.output &&
    input * TOKEN_BYTES_MAX >= inputBytes &&
    output * TOKEN_BYTES_MAX >= answerBytes;
  return isPossible
    ? { tokens: { input, output }, from: "reported" }
    : { tokens: estimate, from: "doubted" };
};
