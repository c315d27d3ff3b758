/** How a language model is run as an agent: `"run": {"llm": {…}}`, with secrets and files read. */

import type { Command } from "../runner/spec.ts";

/** Micro-dollars, or millionths of whatever the prices are in. Never a float. */
export type Micro = bigint;

/** For a million tokens. */
export interface Prices {
  readonly input: Micro;
  readonly output: Micro;
}

/** What may be spent at most; where one is absent there is no such cap. */
export interface Caps {
  /** On one call, its repetitions and repair included. */
  readonly call?: Micro;
  /** On all calls of one need. */
  readonly need?: Micro;
  /** On all calls: of this process, or since the spend file began. */
  readonly total?: Micro;
}

export interface LlmSpec {
  readonly kind: "llm";
  /** Before `/chat/completions`; port 0 stands for the port that the started program tells. */
  readonly baseUrl: string;
  readonly model: string;
  /** A secret: never logged, never part of a reason or an output. */
  readonly apiKey?: string;
  /** Tokens that one answer may have. */
  readonly maxTokens: number;
  /** Newer models of some providers refuse the older name. */
  readonly maxTokensField: "max_tokens" | "max_completion_tokens";
  readonly temperature?: number;
  readonly stream: boolean;
  /** Absent: it costs nothing, for example because it runs on this machine. */
  readonly prices?: Prices;
  readonly caps: Caps;
  /** Absolute: where what was spent is kept over restarts. */
  readonly spendFile?: string;
  /** What the task is, in the operator's words; put into the frames of `prompts`. */
  readonly task?: string;
  readonly health?: string;
  readonly start?: Command;
}
