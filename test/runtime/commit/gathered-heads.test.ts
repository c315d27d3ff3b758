import { expect, it } from "vitest";
import { GatheredHeads } from "#runtime/commit/gathered-heads.ts";
import type { Head } from "#ports/store.ts";

const headOf = (bucket: number, records: number): Head => ({
  bucket,
  epoch: { generation: 1, revision: 1 },
  records,
  size: records,
  hash: new Uint8Array(32),
});

interface Request {
  readonly buckets: readonly number[];
  readonly answer: (heads: readonly Head[]) => void;
  readonly fail: (error: Error) => void;
}

const gathered = (): { readonly heads: GatheredHeads; readonly requests: Request[] } => {
  const requests: Request[] = [];
  const heads = new GatheredHeads(
    (buckets) =>
      new Promise((answer, fail) => {
        requests.push({ buckets, answer, fail });
      }),
  );
  return { heads, requests };
};

/** Until all that is settled has been heard of. */
const heard = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("asks at once, and together for whatever is asked meanwhile", async () => {
  const { heads, requests } = gathered();
  const all = [1, 2, 3, 2].map((bucket) => heads.of(bucket));
  expect(requests.map(({ buckets }) => buckets)).toEqual([[1]]);
  requests[0]?.answer([headOf(1, 10)]);
  await heard();
  expect(requests.map(({ buckets }) => buckets)).toEqual([[1], [2, 3]]);
  requests[1]?.answer([headOf(3, 30), headOf(2, 20)]);
  expect((await Promise.all(all)).map(({ records }) => records)).toEqual([10, 20, 30, 20]);
});

it("answers nobody with what was asked for before it came", async () => {
  const { heads, requests } = gathered();
  const old = heads.of(1);
  const fresh = heads.of(1);
  requests[0]?.answer([headOf(1, 10)]);
  await heard();
  requests[1]?.answer([headOf(1, 11)]);
  expect([(await old).records, (await fresh).records]).toEqual([10, 11]);
});

it("fails those of one request, and goes on", async () => {
  const { heads, requests } = gathered();
  const all = [1, 2].map((bucket) => heads.of(bucket).catch(({ message }: Error) => message));
  requests[0]?.fail(new Error("away"));
  await heard();
  requests[1]?.answer([]);
  expect(await Promise.all(all)).toEqual(["away", "no head of bucket 2 was answered"]);
  const later = heads.of(3);
  await heard();
  requests[2]?.answer([headOf(3, 1)]);
  expect((await later).records).toBe(1);
});
