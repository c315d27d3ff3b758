import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  offerNeeds,
  type Listener,
  type Offered,
  type OfferOptions,
  type Requests,
} from "#cli/bench/open-loop.ts";
import type { Receipt } from "#protocol/notices.ts";

type Outcome = string | undefined;

/** A market that answers each need as `outcomeOf` says, in its own time. */
const market = (
  answer: (serial: number, end: (outcome: string) => void, win: () => void) => Outcome,
) => {
  let heard: Listener | undefined;
  let posted = 0;
  const requests: Requests = {
    listen: (listener) => {
      heard = listener;
    },
    post: async () => {
      const serial = posted;
      posted += 1;
      const envelope = `n${serial}`;
      const refusal = answer(
        serial,
        (outcome) => heard?.ended(envelope, outcome),
        () => heard?.won(envelope),
      );
      return (refusal === undefined
        ? { kind: "ack", envelope }
        : { kind: "nack", envelope, code: refusal, detail: "" }) as unknown as Receipt;
    },
  };
  return { requests, posted: () => posted };
};

const later = (ms: number, run: () => void): undefined => void setTimeout(run, ms);
const due = (count: number, everyMs: number): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => at * everyMs);

/** In simulated time, until everything has ended or was waited for long enough. */
const offer = async (options: OfferOptions, requests: Requests): Promise<Offered> => {
  const offered = offerNeeds(options, requests);
  await vi.advanceTimersByTimeAsync(options.windowMs + options.drainMs + 1);
  return offered;
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("needs that come when they are due", () => {
  it("are sent though none has ended, and those that never end are told as open", async () => {
    const { requests, posted } = market(() => undefined);
    const options = { dueMs: due(20, 1), windowMs: 30, drainMs: 20 };
    const offered = await offer(options, requests);
    expect(posted()).toBe(20);
    expect(offered).toMatchObject({ offered: 20, finalized: 0, openAtWindowEnd: 20 });
    expect(offered.outcomes).toEqual({ open: 20 });
  });

  it("wait from the moment they were due, not from when they were sent", async () => {
    const { requests } = market((_, end) => later(1, () => end("finalized")));
    // Due before the beginning: the sender is late by 500 ms for each.
    const dueMs = Float64Array.from([-500, -500, -500]);
    const offered = await offer({ dueMs, windowMs: 50, drainMs: 1_000 }, requests);
    expect([...offered.latenciesMs]).toEqual([501, 501, 501]);
    expect(offered.sentLateMs).toBe(500);
  });

  it("are decided from the moment they were due, once, however often a winner is told", async () => {
    const { requests } = market((serial, end, win) => {
      later(5, win);
      if (serial === 0) later(6, win);
      return later(9, () => end("finalized"));
    });
    const dueMs = Float64Array.from([-100, -100]);
    const offered = await offer({ dueMs, windowMs: 50, drainMs: 1_000 }, requests);
    expect([...offered.decidesMs]).toEqual([105, 105]);
  });

  it("count as goodput within the window only; afterwards they are waited for", async () => {
    const { requests } = market((serial, end) =>
      later(serial < 3 ? 1 : 300, () => end("finalized")),
    );
    const offered = await offer({ dueMs: due(5, 1), windowMs: 150, drainMs: 5_000 }, requests);
    expect(offered).toMatchObject({ finalized: 3, openAtWindowEnd: 2 });
    expect(offered.outcomes).toEqual({ finalized: 5 });
    expect(offered.latenciesMs).toHaveLength(5);
  });

  it("that end before their receipt, or are refused, are counted once", async () => {
    const { requests } = market((serial, end) => {
      if (serial % 2 === 0) return "PAUSED";
      end("finalized");
      return undefined;
    });
    const offered = await offer({ dueMs: due(4, 1), windowMs: 40, drainMs: 1_000 }, requests);
    expect(offered.outcomes).toEqual({ finalized: 2, "refused PAUSED": 2 });
    expect(offered.refusalsMs).toHaveLength(2);
    expect(offered.openAtWindowEnd).toBe(0);
  });
});
