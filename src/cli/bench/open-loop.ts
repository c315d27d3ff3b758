/**
 * Needs that come when they come, whether the earlier ones have ended or not. What a need waits is counted
 * from the moment that it was due, so a sender that falls behind hides nothing (no coordinated omission).
 */

import { isNack } from "#agent/client.ts";
import type { Receipt } from "#protocol/notices.ts";

export interface OfferOptions {
  /** When each need is due, ms after the beginning, growing. */
  readonly dueMs: Float64Array;
  /** What ends within it counts as goodput. */
  readonly windowMs: number;
  /** How long after it those that are still open are waited for. */
  readonly drainMs: number;
}

export interface Offered {
  readonly offered: number;
  /** Of the window. */
  readonly finalized: number;
  readonly openAtWindowEnd: number;
  /** Of all, those that ended while waited for included. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Of what was finalized, from when it was due. */
  readonly latenciesMs: Float64Array;
  /** From when it was due until a worker was told that it won. */
  readonly decidesMs: Float64Array;
  /** From when it was due until it was refused. */
  readonly refusalsMs: Float64Array;
  /** Longest that a need was sent after it was due: above some ms the sender itself was too slow. */
  readonly sentLateMs: number;
}

export interface Listener {
  readonly ended: (need: string, outcome: string) => void;
  readonly won: (need: string) => void;
}

interface Open {
  readonly dueAtMs: number;
  isDecided: boolean;
}

export interface Requests {
  readonly post: () => Promise<Receipt>;
  /** Undefined: nobody listens any more. */
  readonly listen: (listener: Listener | undefined) => void;
}

/** Timers of this process fire no closer than this. */
const TICK_MS_MIN = 1;

export const offerNeeds = (
  { dueMs, windowMs, drainMs }: OfferOptions,
  { post, listen }: Requests,
): Promise<Offered> => {
  const startedMs = performance.now();
  const nowMs = (): number => performance.now() - startedMs;
  /** By id; the outcome of one that ended before its receipt came. */
  const open = new Map<string, Open>();
  const early = new Map<string, string>();
  const outcomes: Record<string, number> = {};
  const latenciesMs: number[] = [];
  const decidesMs: number[] = [];
  const refusalsMs: number[] = [];
  let [sent, over, finalized, openAtWindowEnd, sentLateMs] = [0, 0, 0, 0, 0];
  return new Promise((resolve) => {
    let drained: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(drained);
      listen(undefined);
      resolve({
        offered: sent,
        finalized,
        openAtWindowEnd,
        outcomes: { ...outcomes, ...(sent > over ? { open: sent - over } : {}) },
        latenciesMs: Float64Array.from(latenciesMs),
        decidesMs: Float64Array.from(decidesMs),
        refusalsMs: Float64Array.from(refusalsMs),
        sentLateMs,
      });
    };
    const end = (dueAtMs: number, outcome: string): void => {
      const tookMs = nowMs() - dueAtMs;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      over += 1;
      if (outcome === "finalized") {
        latenciesMs.push(tookMs);
        if (nowMs() <= windowMs) finalized += 1;
      } else if (outcome.startsWith("refused")) refusalsMs.push(tookMs);
      if (drained !== undefined && over === sent) finish();
    };
    const ended = (need: string, outcome: string): void => {
      const one = open.get(need);
      if (one === undefined) early.set(need, outcome);
      else if (open.delete(need)) end(one.dueAtMs, outcome);
    };
    const won = (need: string): void => {
      const one = open.get(need);
      if (one === undefined || one.isDecided) return;
      one.isDecided = true;
      decidesMs.push(nowMs() - one.dueAtMs);
    };
    listen({ ended, won });
    const send = (dueAtMs: number): void => {
      sent += 1;
      sentLateMs = Math.max(sentLateMs, nowMs() - dueAtMs);
      void post().then((receipt) => {
        if (isNack(receipt)) return end(dueAtMs, `refused ${receipt.code}`);
        const outcome = early.get(receipt.envelope);
        early.delete(receipt.envelope);
        if (outcome === undefined) open.set(receipt.envelope, { dueAtMs, isDecided: false });
        else end(dueAtMs, outcome);
      });
    };
    const tick = (): void => {
      while (sent < dueMs.length && (dueMs[sent] ?? 0) <= nowMs()) send(dueMs[sent] ?? 0);
      const nextMs = (sent < dueMs.length ? (dueMs[sent] ?? 0) : windowMs) - nowMs();
      if (sent < dueMs.length || nextMs > 0)
        return void setTimeout(tick, Math.max(TICK_MS_MIN, nextMs));
      openAtWindowEnd = sent - over;
      drained = setTimeout(finish, drainMs);
      if (over === sent) finish();
    };
    tick();
  });
};
