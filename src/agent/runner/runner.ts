/**
 * A runner calls an agent's program: it hands over one call and resolves with one result. It never
 * rejects: a program that dies, hangs, prints rubbish or floods is a failed try, never our crash.
 *
 * R1  Each call gets exactly one result; a later answer to it is dropped.
 * R2  A call's time counts from its start. Waiting in the queue counts against nobody.
 * R3  `onAlive` is only called after a sign of life of the program that runs the call (or, for a call
 *     that still waits, of the program that it waits for). A frozen program gives none.
 * R4  After `close` no process that the runner started is left, nor any that stayed in its group.
 */

import type { Tier, Verdict } from "#protocol/words.ts";

/** What a program is told about a need. JSON-safe: amounts are decimal strings of credits. */
export interface NeedView {
  readonly id: string;
  readonly key: string;
  readonly attempt: number;
  readonly capability: string;
  readonly requester: string;
  readonly bounty: string;
  readonly verifyBounty: string;
  readonly tier: Tier;
  readonly deadlineMs: number;
}

export type Telemetry = Readonly<Record<string, unknown>>;

export interface WorkCall {
  readonly kind: "work";
  readonly need: NeedView;
  readonly input: unknown;
}
export interface JudgeCall {
  readonly kind: "judge";
  readonly need: NeedView;
  readonly input: unknown;
  readonly output: unknown;
  readonly telemetry?: Telemetry;
}
export interface PlanCall {
  readonly kind: "plan";
  readonly need: NeedView;
  readonly bid: { readonly price: string; readonly etaMs: number };
}
/** Only modules are asked; other agents bid the price and eta of AGENTS.json. */
export interface BidCall {
  readonly kind: "bid";
  readonly need: NeedView;
  /** Absent where the input is a block that the asker has not fetched. */
  readonly input?: unknown;
}
export type Call = WorkCall | JudgeCall | PlanCall | BidCall;

export interface WorkAnswer {
  readonly output: unknown;
  readonly telemetry?: Telemetry;
}
export interface JudgeAnswer {
  readonly verdict: Verdict;
  readonly reason?: string;
}
export type BidAnswer =
  | { readonly pass: true }
  | { readonly price?: string; readonly etaMs?: number };
export interface Answers {
  readonly work: WorkAnswer;
  readonly judge: JudgeAnswer;
  readonly plan: JudgeAnswer;
  readonly bid: BidAnswer;
}

export type FailureCode =
  /** It ended without an answer: exit code, signal; a connection that was cut. */
  | "EXIT"
  /** It gave no answer in its time. */
  | "TIMEOUT"
  /** What it printed is not the answer that was asked for. */
  | "RUBBISH"
  /** Request or answer above the limit. */
  | "TOO_LARGE"
  /** Above the memory limit. */
  | "MEMORY"
  /** It could not be started, or reached. */
  | "SPAWN"
  /** It gave no sign of life while another call of it ran out of time. */
  | "HUNG"
  /** The call was aborted or the runner closed. */
  | "STOPPED"
  /** The program itself said so: `{"error": "…"}`. */
  | "ERROR"
  /** Too many calls wait already. */
  | "FULL";

export interface Failure {
  readonly kind: "failed";
  readonly code: FailureCode;
  /** One sentence for people, with the end of standard error where there is any. */
  readonly detail: string;
}
export type CallResult<T> = { readonly kind: "ok"; readonly value: T } | Failure;

export interface CallOptions {
  /** Of the call from its start. Read once, at that moment: a getter can say what is left then. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly onAlive?: () => void;
}

/** Whether the program wants to be asked for its own bids and plan verdicts. */
export interface Asks {
  readonly bid: boolean;
  readonly plan: boolean;
}

export interface RunnerStats {
  readonly calls: number;
  readonly ok: number;
  readonly failed: Readonly<Partial<Record<FailureCode, number>>>;
  readonly running: number;
  readonly queued: number;
  /** Starts of a persistent program after the first; 0 for one process per call. */
  readonly restarts: number;
}

export interface Runner {
  /** Warm up: starts a persistent program and loads a module. Calls may be made without it. */
  start(): Promise<CallResult<Asks>>;
  call<K extends Call["kind"]>(
    call: Extract<Call, { kind: K }>,
    options: CallOptions,
  ): Promise<CallResult<Answers[K]>>;
  /** Stop: what runs or waits fails with STOPPED. Closing twice is harmless. */
  close(): Promise<void>;
  stats(): RunnerStats;
}

export const failed = (code: FailureCode, detail: string): Failure => ({
  kind: "failed",
  code,
  detail,
});
