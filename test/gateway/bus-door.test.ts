/** The door of a cluster, asked over a bus of one process. */

import { beforeEach, expect, it } from "vitest";
import { decode, encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { BusDoor } from "#gateway/bus-door.ts";
import { DOOR_ASKS_BURST, PARTS_MS_MAX } from "#gateway/limits.ts";
import type { Clock } from "#ports/clock.ts";
import { answerSubject, doorSubject } from "#ports/bus.ts";
import {
  ASKED_MS_MAX,
  BLOCK_PART_BYTES,
  decodeDoorAnswer,
  doorOf,
  encodeAsked,
  type Ask,
  type DoorAnswer,
} from "#protocol/door.ts";
import { PlainBus } from "../support/plain-bus.ts";

const EVERY = new Set(Array.from({ length: 257 }, (_, bucket) => bucket));
const ada = signerFromSeed(new Uint8Array(32).fill(1));
const eve = signerFromSeed(new Uint8Array(32).fill(2));

/** Stands still until it is advanced. */
class StillClock implements Clock {
  #nowMs = 1_000_000;
  readonly #wakes = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  monotonicMs = (): number => this.#nowMs;
  wallMs = (): number => this.#nowMs;

  after(delayMs: number, wake: () => void): () => void {
    const one = { atMs: this.#nowMs + delayMs, wake };
    this.#wakes.add(one);
    return () => void this.#wakes.delete(one);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const one of this.#wakes)
      if (one.atMs <= this.#nowMs && this.#wakes.delete(one)) one.wake();
  }
}

let bus: PlainBus;
let door: BusDoor;
let clock: StillClock;
let kept: Map<string, Uint8Array>;
let count = 0;
beforeEach(() => {
  bus = new PlainBus();
  clock = new StillClock();
  kept = new Map();
  door = new BusDoor({
    bus,
    clock,
    swarm: {
      swarm: "s",
      policy: "p",
      query: async <T>(_bucket: number, name: string) =>
        (name === "agents"
          ? [{ did: ada.did, name: "ada", roles: ["worker"], capabilities: ["a"] }]
          : { nonce: 4, staked: 0n, balance: 2_500_000n }) as T,
    },
    blocks: {
      get: async (cid) => kept.get(cid),
      put: async (bytes) => {
        kept.set(cidOf(bytes), bytes);
        return cidOf(bytes);
      },
    },
  });
  door.lead(EVERY);
});

/** Undefined: nothing was said to whom the question names. */
const asked = async (
  ask: Ask,
  who: { readonly by?: Signer; readonly from?: string; readonly timeMs?: number } = {},
): Promise<DoorAnswer | undefined> => {
  const { by = ada, timeMs = clock.wallMs() } = who;
  const { from = by.did } = who;
  const id = String((count += 1));
  let answer: DoorAnswer | undefined;
  const stop = bus.subscribe(answerSubject(from), (bytes) => (answer = decodeDoorAnswer(bytes)));
  bus.publish(doorSubject(doorOf(ask)), encodeAsked({ from, id, timeMs, ask }, by));
  await new Promise(setImmediate);
  stop();
  if (answer !== undefined) expect(answer.id).toBe(id);
  return answer;
};

const codeOf = (answer: DoorAnswer | undefined): string | undefined =>
  answer !== undefined && "code" in answer ? answer.code : undefined;

const large = encode({ text: "x".repeat(BLOCK_PART_BYTES + 5) });
const partsOf = (bytes: Uint8Array, cid = cidOf(bytes)): Ask[] => {
  const parts = Math.ceil(bytes.length / BLOCK_PART_BYTES);
  return Array.from({ length: parts }, (_, part) => {
    const own = bytes.slice(part * BLOCK_PART_BYTES, (part + 1) * BLOCK_PART_BYTES);
    return { what: "keep", cid, part, parts, bytes: own };
  });
};

it("says how an agent is known, as the HTTP door does", async () => {
  expect(await asked({ what: "account" })).toMatchObject({
    ok: { did: ada.did, swarm: "s", policy: "p", isRegistered: true, nonce: 4, balance: "2.5" },
  });
  expect(await asked({ what: "account" }, { by: eve })).toMatchObject({
    ok: { isRegistered: false },
  });
});

it("keeps a block that comes in parts, and gives it back in parts", async () => {
  const answers: unknown[] = [];
  for (const ask of partsOf(large)) answers.push(await asked(ask));
  expect(answers).toMatchObject([{ ok: { kept: false } }, { ok: { kept: true } }]);
  const parts: Uint8Array[] = [];
  for (const part of [0, 1]) {
    const answer = (await asked({ what: "block", cid: cidOf(large), part }, { by: eve })) as {
      ok: { parts: number; bytes: Uint8Array };
    };
    expect(answer.ok.parts).toBe(2);
    parts.push(answer.ok.bytes);
  }
  expect(decode(new Uint8Array(Buffer.concat(parts)))).toEqual(decode(large));
  const other = cidOf(encode("another"));
  expect(await asked({ what: "block", cid: other, part: 0 })).toMatchObject({ ok: { parts: 0 } });
});

it("keeps nothing for strangers, nothing under another name, nothing that is no value", async () => {
  const [whole] = partsOf(encode({ n: 1 }));
  expect(codeOf(await asked(whole!, { by: eve }))).toBe("NOT_ALLOWED");
  const [another] = partsOf(encode({ n: 1 }), cidOf(encode({ n: 2 })));
  expect(codeOf(await asked(another!))).toBe("BODY_INVALID");
  const [junk] = partsOf(Uint8Array.of(0xff, 0xff));
  expect(codeOf(await asked(junk!))).toBe("BODY_INVALID");
  expect(kept.size).toBe(1); // what it is was kept under its own name, which harms nobody
});

it("forgets parts whose others do not come, and holds no more of one agent than it may", async () => {
  const [first, last] = partsOf(large);
  await asked(first!);
  clock.advance(PARTS_MS_MAX);
  expect(await asked(last!)).toMatchObject({ ok: { kept: false } });
  const codes = new Set<string | undefined>();
  for (let n = 0; n < 40; n += 1) {
    const cid = cidOf(encode(n));
    const bytes = new Uint8Array(BLOCK_PART_BYTES);
    codes.add(codeOf(await asked({ what: "keep", cid, part: 0, parts: 2, bytes })));
  }
  expect(codes).toEqual(new Set([undefined, "BUSY"]));
});

it("answers nobody in another's name, and nothing that is old", async () => {
  expect(await asked({ what: "account" }, { by: eve, from: ada.did })).toBeUndefined();
  const timeMs = clock.wallMs() - ASKED_MS_MAX - 1;
  expect(codeOf(await asked({ what: "account" }, { timeMs }))).toBe("SIGNATURE_INVALID");
});

it("has enough of an agent that asks too fast", async () => {
  const codes: (string | undefined)[] = [];
  for (let n = 0; n <= DOOR_ASKS_BURST; n += 1)
    codes.push(codeOf(await asked({ what: "account" })));
  expect(codes.filter((code) => code === "BUSY")).toHaveLength(1);
});

it.each([
  null,
  5,
  [],
  [Uint8Array.of(0xf6), new Uint8Array(64)],
  [encode({ from: ada.did, id: "1", timeMs: 0, ask: { what: "all" } }), new Uint8Array(64)],
  [encode({ from: ada.did, id: "1", timeMs: 0, ask: null }), new Uint8Array(64)],
])("drops what is no question: %j", async (value) => {
  const heard: Uint8Array[] = [];
  bus.subscribe(answerSubject(ada.did), (bytes) => heard.push(bytes));
  bus.publish(doorSubject(256), encode(value));
  await new Promise(setImmediate);
  expect(heard).toEqual([]);
});

it("is silent at buckets that it leads no more", async () => {
  door.lead(new Set([1]));
  expect(await asked({ what: "account" })).toBeUndefined();
});
