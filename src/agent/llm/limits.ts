/** Limits of talking to a language model. Those of tries and queues are in runner/limits.ts. */

export interface LlmLimits {
  /** From the head of an answer to its first token: a long prompt is read before that. */
  readonly firstTokenMs: number;
  /** Between two tokens. */
  readonly stallMs: number;
  /** Bytes of one answer as it travels; a streamed token takes some 300. */
  readonly wireBytesMax: number;
  /** Characters of one event of a stream. */
  readonly eventCharsMax: number;
  /** Bytes of the text of one answer, thoughts that are told included. */
  readonly textBytesMax: number;
  /** Calls in flight to one model. */
  readonly callsMax: number;
}

export const LLM_LIMITS: LlmLimits = {
  firstTokenMs: 45_000,
  stallMs: 15_000,
  wireBytesMax: 16 * 1024 * 1024,
  eventCharsMax: 256 * 1024,
  textBytesMax: 1024 * 1024,
  callsMax: 4,
};
