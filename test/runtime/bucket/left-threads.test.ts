import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { expect, it } from "vitest";
import { cidOf } from "#envelope/cid.ts";
import { LeftThreads } from "#runtime/bucket/left-threads.ts";
import { ThreadCodec } from "#runtime/bucket/thread-codec.ts";
import type { AnswerRow, Thread } from "#runtime/bucket/threads.ts";

const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const answer: fc.Arbitrary<AnswerRow> = fc.record({
  envelope: fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc
      .tuple(fc.uint8Array(), fc.constantFrom("dag-cbor" as const, "raw" as const))
      .map(([bytes, codec]) => cidOf(bytes, codec)),
  ),
  position: count,
  record: count,
  state: fc.oneof(
    fc.constant({ kind: "acknowledged" } as const),
    fc.constant({ kind: "owed" } as const),
    fc.record({ kind: fc.constant("acknowledged" as const), extra: fc.record({ first: count }) }),
    fc.record({ kind: fc.constant("refused" as const), code: fc.string() }),
  ),
});
const speaker = fc.record({
  window: fc.record({ highest: count, low: uint32, high: uint32 }),
  answers: fc.array(fc.tuple(count, answer), { maxLength: 6 }).map((rows) => new Map(rows)),
});
const speakers = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), speaker), { maxLength: 4 });
const threadOf = (forgetAtMs: fc.Arbitrary<number>): fc.Arbitrary<Thread> =>
  fc.record({
    speakers: speakers.map((rows) => new Map(rows)),
    forgetAtMs,
    keepMs: count,
    lamport: count,
  });

/** As a snapshot keeps it. */
const again = (codec: ThreadCodec, left: LeftThreads): readonly [ThreadCodec, LeftThreads] => {
  const kept = { senders: codec.senders, left: left.kept() };
  const read = deserialize(serialize(kept)) as typeof kept;
  const next = new ThreadCodec(read.senders);
  return [next, new LeftThreads(next, read.left)];
};

it("gives back what was packed, whatever it is, after a snapshot too", () => {
  const named = fc.array(fc.tuple(fc.constantFrom("s", "t", "u", "v"), threadOf(count)));
  fc.assert(
    fc.property(named, (threads) => {
      const codec = new ThreadCodec();
      const left = new LeftThreads(codec);
      for (const [name, thread] of threads) left.add(name, thread);
      const [, restored] = again(codec, left);
      for (const [name, last] of new Map(threads)) {
        expect(left.get(name)).toEqual(last);
        expect(restored.get(name)).toEqual(last);
      }
      expect(left.get("never")).toBeUndefined();
    }),
  );
});

it("packs equal threads into equal bytes, in whichever order they were remembered", () => {
  const reversed = <K, V>(map: ReadonlyMap<K, V>): Map<K, V> => new Map([...map].reverse());
  fc.assert(
    fc.property(fc.array(threadOf(count)), (threads) => {
      const [one, other] = [new LeftThreads(), new LeftThreads()];
      for (const [at, thread] of threads.entries()) {
        one.add(`t${at}`, thread);
        const turned = [...reversed(thread.speakers)].map(
          ([name, { window, answers }]) => [name, { window, answers: reversed(answers) }] as const,
        );
        other.add(`t${at}`, { ...thread, speakers: new Map(turned) });
      }
      expect(other.kept()).toEqual(one.kept());
    }),
  );
});

const NAMES = "abcdefghijklmnop";

interface Step {
  readonly name: string;
  readonly thread: Thread;
  readonly passMs: number;
}

it("forgets in the order of coming what may go, as a plain list does", () => {
  const step = fc.record<Step>({
    name: fc.constantFrom(...NAMES),
    thread: threadOf(fc.nat(100)),
    passMs: fc.nat(9),
  });
  const steps = fc.array(step, { minLength: 50, maxLength: 300 });
  fc.assert(
    fc.property(steps, fc.nat(300), (all, cut) => {
      let codec = new ThreadCodec();
      let left = new LeftThreads(codec);
      const twin = new Map<string, Thread>();
      let nowMs = 0;
      for (const [at, { name, thread, passMs }] of all.entries()) {
        if (at === cut) [codec, left] = again(codec, left);
        nowMs += passMs;
        const last = { ...thread, forgetAtMs: nowMs + thread.forgetAtMs };
        left.add(name, last);
        twin.delete(name);
        twin.set(name, last);
        left.forget(nowMs);
        for (const [each, { forgetAtMs }] of twin) {
          if (forgetAtMs > nowMs) break;
          twin.delete(each);
        }
        for (const each of NAMES) expect(left.get(each)).toEqual(twin.get(each));
      }
      left.forget(Number.MAX_SAFE_INTEGER);
      expect(left.kept()).toEqual({ bytes: new Uint8Array(0), gone: [] });
    }),
    { numRuns: 40 },
  );
});

it("does not grow with what it has forgotten", () => {
  const left = new LeftThreads();
  const answers = new Map<number, AnswerRow>();
  for (let nonce = 1; nonce < 9; nonce += 1)
    answers.set(nonce, {
      envelope: "x".repeat(59),
      position: 1,
      record: 1,
      state: { kind: "owed" },
    });
  const window = { highest: 8, low: 255, high: 0 };
  for (let n = 0; n < 20_000; n += 1) {
    const speakers_ = new Map([["a", { window, answers }]]);
    left.add(`t${n}`, { speakers: speakers_, forgetAtMs: n + 100, keepMs: 100, lamport: 8 });
    left.forget(n);
  }
  expect(left.kept().bytes.length).toBeLessThan(100 * 900);
});
