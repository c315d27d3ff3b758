/** This machine's clocks behind the Clock port. */
import type { Clock } from "#ports/clock.ts";

/** The longest delay that setTimeout takes; longer ones are waited for in parts. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const systemClock = (): Clock => {
  const monotonicMs = (): number => Math.floor(performance.now());
  return {
    monotonicMs,
    wallMs: () => Date.now(),
    after: (delayMs, wake) => {
      const dueMs = performance.now() + delayMs;
      let timer: NodeJS.Timeout;
      /** setTimeout rounds, and may fire up to a millisecond early: what is left is waited for. */
      const wait = (): void => {
        const leftMs = Math.ceil(dueMs - performance.now());
        timer = setTimeout(() => (performance.now() < dueMs ? wait() : wake()), clamp(leftMs));
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
};

const clamp = (ms: number): number => Math.min(Math.max(ms, 0), TIMEOUT_MS_MAX);
