/**
 * What whoever reads from a cluster does while its servers do not answer: it asks again. A job of hours, or
 * an audit, does not end because etcd had no leader for three seconds.
 */

import type { Clock } from "#ports/clock.ts";
import { Fault, type FaultCode } from "#ports/faults.ts";

/** An outage that is longer ends what waits for its end, ms. */
export const OUTAGE_MS_MAX = 60_000;
/** Between an answer that failed and the next question, ms: the calls themselves wait for up to 2.5 s. */
const AGAIN_MS = 250;
const OUTAGES: readonly FaultCode[] = ["CONSENSUS_UNREACHABLE", "BUS_UNREACHABLE"];

/**
 * Until it is answered; `ask` is called as often as that takes. Rejects with the last failure once there was
 * no answer for OUTAGE_MS_MAX, and at once with whatever is no outage.
 */
export const patiently = async <T>(
  clock: Pick<Clock, "after" | "monotonicMs">,
  ask: () => Promise<T>,
): Promise<T> => {
  const endMs = clock.monotonicMs() + OUTAGE_MS_MAX;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isOutage(error) || clock.monotonicMs() >= endMs) throw error;
    }
    await new Promise<void>((resolve) => void clock.after(AGAIN_MS, resolve));
  }
};

const isOutage = (error: unknown): boolean =>
  error instanceof Fault && OUTAGES.includes(error.code);
