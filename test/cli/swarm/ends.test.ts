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

/**
 * A job with `count` open needs, all of them late. `hasEnded` says which had ended unheard. Those that are
 * asked for, with when, until `enough` have been.
 */
const asking = async (count: number, enough: number, hasEnded: (need: string) => boolean) => {
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
        asked.push({ at: names.indexOf(String(need)), atMs: clock.monotonicMs() });
        if (asked.length === enough) finish();
        return (hasEnded(String(need)) ? ENDED : {}) as T;
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
  return asked;
};

it("asks for a few late needs at a time, the oldest first, and for each again after a while", async () => {
  const asked = await asking(300, 600, () => false);
  const rounds = Map.groupBy(asked, ({ atMs }) => atMs);
  for (const round of rounds.values()) expect(round.length).toBeLessThanOrEqual(ASKED_TOGETHER_MAX);
  expect(asked.slice(0, 300).map(({ at }) => at)).toEqual(
    Array.from({ length: 300 }, (_, at) => at),
  );
  const [first, again] = asked.filter(({ at }) => at === 0);
  expect(again!.atMs - first!.atMs).toBeGreaterThanOrEqual(ASK_AGAIN_MS);
});

it("asks on without a pause for as long as it finds ends that nobody told it", async () => {
  const asked = await asking(300, Infinity, () => true);
  expect(asked).toHaveLength(300);
  expect(new Set(asked.map(({ atMs }) => atMs))).toEqual(new Set([ASK_ENDS_MS]));
});

it("fails of anything else", async () => {
  await expect(waiting([new Error("broken")]).ends).rejects.toThrow("broken");
});
