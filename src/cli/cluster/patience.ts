/**
 * What whoever reads from a cluster does while its servers do not answer: it asks again. A job of hours, or
 * an audit, does not end because etcd had no leader for three seconds; nor is a host thread that starts
 * meanwhile one that has crashed.
 */

import type { Clock } from "#ports/clock.ts";
import { Fault, type FaultCode } from "#ports/faults.ts";

/** An outage that is longer ends what waits for its end, ms. */
export const OUTAGE_MS_MAX = 60_000;
/** Whoever waits is told so once it has lasted this long, ms. */
export const TOLD_AFTER_MS = 3_000;
/** Between an answer that failed and the next question, ms: the calls themselves wait for up to 2.5 s. */
const AGAIN_MS = 250;
const OUTAGES: readonly FaultCode[] = ["CONSENSUS_UNREACHABLE", "BUS_UNREACHABLE"];

/**
 * Until it is answered; `ask` is called as often as that takes, `told` once if it takes long. Rejects with
 * the last failure once there was no answer for OUTAGE_MS_MAX, and at once with whatever is no outage.
 */
export const patiently = async <T>(
  clock: Pick<Clock, "after" | "monotonicMs">,
  ask: () => Promise<T>,
  told: (fault: Fault) => void = () => {},
): Promise<T> => {
  const beginMs = clock.monotonicMs();
  let isTold = false;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const lastedMs = clock.monotonicMs() - beginMs;
      if (!isOutage(error) || lastedMs >= OUTAGE_MS_MAX) throw error;
      if (!isTold && lastedMs >= TOLD_AFTER_MS) {
        isTold = true;
        told(error);
      }
    }
    await new Promise<void>((resolve) => void clock.after(AGAIN_MS, resolve));
  }
};

/** For people, in one line. */
export const waitingText = ({ code, sentence }: Fault): string =>
  `${code} ${sentence}; asking again for up to ${OUTAGE_MS_MAX / 1_000} s`;

const isOutage = (error: unknown): error is Fault =>
  error instanceof Fault && OUTAGES.includes(error.code);
