import { expect, it } from "vitest";
import type { Ended } from "#agent/requester.ts";
import { CliError } from "#cli/errors.ts";
import { endsOf, UNHEARD_MS } from "#cli/swarm/ends.ts";

const NEED = "bafyreif3uhgmmixbkpmv6qkmzgvmcw6kxtcj6ywwk7uqdxhxzhqzexkmpi";

/** A job with one open need, of which `answers` are told one after the other, each when time has passed. */
const waiting = (answers: readonly unknown[]) => {
  const asked: number[] = [];
  const learnt: Ended[] = [];
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => (finish = resolve));
  const ends = endsOf(
    {
      clock: {
        wallMs: () => 0,
        monotonicMs: () => 0,
        after: (_ms, wake) => {
          setImmediate(wake);
          return () => {};
        },
      },
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

it("fails of anything else", async () => {
  await expect(waiting([new Error("broken")]).ends).rejects.toThrow("broken");
});
