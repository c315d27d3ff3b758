import { threadId } from "node:worker_threads";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { encodeEnvelope, encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { chunked, openPool, type Job, type Pool } from "#runtime/threads/pool.ts";
import { VERIFY_JOB, verifyChunk } from "#runtime/threads/verify-job.ts";

const pool = openPool(2);
afterAll(() => pool.close());

const job = (name: string): Job => ({
  module: new URL("./toy-job.ts", import.meta.url).href,
  name,
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("the pool", () => {
  it("gives the results in the order of the items, whatever the chunks", async () => {
    const sizes = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 70 }));
    const property = fc.asyncProperty(sizes, async ([count, chunkSize]) => {
      const results = await chunked(pool, job("square"), numbers(count), chunkSize);
      expect(results).toEqual(numbers(count).map((n) => n * n));
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it("works on other threads", async () => {
    const threads = await chunked<number, number>(pool, job("whereAmI"), numbers(40), 1);
    expect(threads).not.toContain(threadId);
  });

  it("has a bounded number of chunks under way", async () => {
    let [running, most] = [0, 0];
    const watched: Pool = {
      run: async ({ items }) => {
        most = Math.max(most, (running += 1));
        await Promise.resolve();
        running -= 1;
        return items;
      },
      close: async () => {},
    };
    expect(await chunked(watched, job("any"), numbers(1_000), 3)).toEqual(numbers(1_000));
    expect(most).toBe(16);
  });

  const rows: [string, string, string][] = [
    ["the job's own error", "breaks", "thirteen"],
    ["a job that loses an item", "loses", "gave 4 results for 5 items"],
    ["a job that is not there", "absent", "exports no function absent"],
  ];
  it.each(rows)("rejects with %s and goes on with the next call", async (_, name, message) => {
    await expect(chunked(pool, job(name), numbers(40), 5)).rejects.toThrow(message);
    expect(await chunked(pool, job("square"), [3], 5)).toEqual([9]);
  });

  it("begins no further chunk once one has failed", async () => {
    let begun = 0;
    const failing: Pool = {
      run: async () => {
        begun += 1;
        throw new Error("no");
      },
      close: async () => {},
    };
    await expect(chunked(failing, job("any"), numbers(1_000), 1)).rejects.toThrow("no");
    expect(begun).toBe(16);
  });

  it("refuses a chunk of nothing", async () => {
    await expect(chunked(pool, job("square"), [1], 0)).rejects.toThrow("chunk size 0");
  });
});

describe("the job that checks signatures in bulk", () => {
  const signer = signerFromSeed(new Uint8Array(32).fill(7));
  const other = signerFromSeed(new Uint8Array(32).fill(8));
  const signed = (count: number, by: Signer): Uint8Array[] => {
    const envelopes = numbers(count).map(
      (n) =>
        encodeEnvelope({
          v: 1,
          swarm: "toy.0123456789abcdef",
          thread: `acct:${signer.did}`,
          verb: "TRANSFER",
          from: signer.did,
          nonce: n + 1,
          lamport: n,
          sentAtMs: 0,
          expiresAtMs: 1,
          policy: "none",
          body: { n },
          refs: [],
        }).bytes,
    );
    return signEnvelopes(envelopes, by).map(encodeSigned);
  };

  it("tells the good from the forged and the torn, one verdict each, in order", async () => {
    const [good, forged] = [signed(40, signer), signed(5, other)];
    const torn = good[0]!.slice(0, -1);
    const wires = [...good.slice(0, 20), ...forged, torn, ...good.slice(20)];
    const expected = [...Array(20).fill(true), ...Array(6).fill(false), ...Array(20).fill(true)];
    expect(verifyChunk(wires)).toEqual(expected);
    expect(await chunked(pool, VERIFY_JOB, wires, 16)).toEqual(expected);
  });
});
