import { expect, it } from "vitest";
import type { Ended } from "#agent/requester.ts";
import { CliError } from "#cli/errors.ts";
import {
  ASK_AGAIN_MS,
  ASK_ENDS_MS,
  ASKED_TOGETHER_MAX,
  endsOf,
  UNHEARD_MS,
} from "#cli/swarm/ends.ts";
import { cidOf } from "#envelope/cid.ts";

const NEED = "bafyreif3uhgmmixbkpmv6qkmzgvmcw6kxtcj6ywwk7uqdxhxzhqzexkmpi";

/** Each time somebody waits, it passes at once. */
const clockOf = () => {
  let nowMs = 0;
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (ms: number, wake: () => void) => {
      setImmediate(() => {
        nowMs += ms;
        wake();
      });
      return () => {};
    },
  };
};

/** A job with one open need, of which `answers` are told one after the other, each when time has passed. */
const waiting = (answers: readonly unknown[]) => {
  const asked: number[] = [];
  const learnt: Ended[] = [];
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => (finish = resolve));
  const ends = endsOf(
    {
      clock: clockOf(),
      query: async <T>(): Promise<T | undefined> => {
        const answer = answers[asked.length];
        asked.push(asked.length);
        if (answer instanceof Error) throw answer;
        return answer as T | undefined;
      },
    },
    {
      done: () => done,
      openNeeds: (sinceMs) => (sinceMs === UNHEARD_MS ? [NEED] : []),
      learn: (ended) => {
        learnt.push(ended);
        finish();
      },
    },
  );
  return { ends, asked, learnt };
};

const ENDED = { ended: { outcome: "finalized", attempts: 1 } };
const unanswered = () => new CliError("CLUSTER_UNANSWERED", { bucket: 44, seconds: 60 });

it("learns the end that nobody told it, however often nobody of the cluster answers", async () => {
  const { ends, asked, learnt } = waiting([undefined, unanswered(), unanswered(), ENDED]);
  await ends;
  expect(asked).toHaveLength(4);
  expect(learnt).toEqual([{ need: NEED, outcome: "finalized", attempts: 1 }]);
});

interface Late {
  readonly count: number;
  /** The job is over once so many have been asked for. */
  readonly enough: number;
  readonly hasEnded: (at: number) => boolean;
  /** How long an answer takes, ms; undefined: there is none. */
  readonly answerMs?: (at: number) => number | undefined;
}

/** A job whose open needs are all late, some of which had ended unheard: which are asked for, and when. */
const asking = async ({ count, enough, hasEnded, answerMs = () => 0 }: Late) => {
  const clock = clockOf();
  const open = new Set(Array.from({ length: count }, (_, at) => cidOf(Uint8Array.of(at >> 8, at))));
  const names = [...open];
  const asked: { readonly at: number; readonly atMs: number }[] = [];
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => (finish = resolve));
  await endsOf(
    {
      clock,
      query: async <T>(_bucket: number, _name: string, need?: unknown): Promise<T | undefined> => {
        const at = names.indexOf(String(need));
        asked.push({ at, atMs: clock.monotonicMs() });
        if (asked.length === enough) finish();
        const tookMs = answerMs(at);
        if (tookMs === undefined) await new Promise(() => {});
        else if (tookMs > 0)
          await new Promise<void>((resolve) => void clock.after(tookMs, resolve));
        return (hasEnded(at) ? ENDED : {}) as T;
      },
    },
    {
      done: () => done,
      openNeeds: () => [...open],
      learn: ({ need }) => {
        open.delete(need);
        if (open.size === 0) finish();
      },
    },
  );
  return { asked, open: [...open].map((need) => names.indexOf(need)) };
};

it("asks for a few late needs at a time, the oldest first, and for each again after a while", async () => {
  const { asked } = await asking({ count: 300, enough: 600, hasEnded: () => false });
  const rounds = Map.groupBy(asked, ({ atMs }) => atMs);
  for (const round of rounds.values()) expect(round.length).toBeLessThanOrEqual(ASKED_TOGETHER_MAX);
  expect(asked.slice(0, 300).map(({ at }) => at)).toEqual(
    Array.from({ length: 300 }, (_, at) => at),
  );
  const [first, again] = asked.filter(({ at }) => at === 0);
  expect(again!.atMs - first!.atMs).toBeGreaterThanOrEqual(ASK_AGAIN_MS);
});

it("asks on without a pause for as long as it finds ends that nobody told it", async () => {
  const { asked } = await asking({ count: 300, enough: Infinity, hasEnded: () => true });
  expect(asked).toHaveLength(300);
  expect(new Set(asked.map(({ atMs }) => atMs))).toEqual(new Set([ASK_ENDS_MS]));
});

it.each([0, 3_000, 30_000])(
  "comes to each of a thousand, however many stay open and however slow answers are: %i ms",
  async (answerMs) => {
    const { open } = await asking({
      count: 1_024,
      enough: 1_100,
      hasEnded: (at) => at === 1_023,
      answerMs: () => answerMs,
    });
    expect(open).not.toContain(1_023);
  },
);

it("is not held up by needs for which nobody answers", async () => {
  const { asked, open } = await asking({
    count: 300,
    enough: 1_000,
    hasEnded: (at) => at === 299,
    answerMs: (at) => (at < 100 ? undefined : 0),
  });
  expect(open).not.toContain(299);
  expect(asked.filter(({ at }) => at === 0)).toHaveLength(1);
});

it("fails of anything else", async () => {
  await expect(waiting([new Error("broken")]).ends).rejects.toThrow("broken");
});
