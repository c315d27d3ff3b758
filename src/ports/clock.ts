/**
 * The host's clocks. Nothing that a log decides may come from here directly: log time is made of it by
 * `runtime/timers/log-time.ts` and recorded (protocol section 6).
 */

export interface Clock {
  /** Whole ms since some fixed moment of this process. Never falls; goes on over wall-clock changes. */
  monotonicMs(): number;
  /** Whole ms since 1970 as this machine believes; may jump. Recorded for people only. */
  wallMs(): number;
  /**
   * Calls `wake` once, never before `delayMs` (≥ 0) have passed and never inside this call. Calls come in
   * the order of their due times, give or take 2 ms. Returns a function that takes it back; taking it
   * back twice, or after the call, does nothing.
   */
  after(delayMs: number, wake: () => void): () => void;
}
