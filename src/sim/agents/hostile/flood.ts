/**
 * Floods: bursts of everything that a door must withstand, from random bytes to well-formed lies, all
 * of it bounded.
 */

import { encode } from "#envelope/canonical.ts";
import { didOf } from "#envelope/did.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { ENVELOPE_BYTES_MAX } from "#envelope/limits.ts";
import { bucketThread } from "#envelope/envelope.ts";
import type { Prng } from "../../kernel/prng.ts";
import { framed, signed, written, type Pen, type Words } from "./craft.ts";
import { lieAbout, nobodysId } from "./lies.ts";
import { inBursts, penOf, type Hearing, type VillainContext } from "./villain.ts";

const PACE = { bursts: 6, everyMs: [1_000, 10_000] } as const;
/** Wires of one burst, at least and at most. */
const BURST_MIN = 5;
export const BURST_MAX = 50;
const NONCES_FROM = 2_000;

const WEIGHTS = {
  lie: 30,
  noise: 6,
  cut: 4,
  flipped: 4,
  shapeless: 4,
  deep: 1,
  oversized: 1,
  unsigned: 2,
  "wrong-key": 3,
  "small-order": 2,
  stranger: 2,
  "unknown-verb": 4,
  "leader-verb": 4,
  "wrong-swarm": 2,
  "no-thread": 4,
  "wild-numbers": 4,
  "wrong-body": 6,
} as const;
export type FloodKind = keyof typeof WEIGHTS;
export const FLOOD_KINDS = Object.keys(WEIGHTS) as readonly FloodKind[];

const LEADERS = ["EPOCH", "TICK", "DECIDE", "GRANT", "SETTLE", "FINALIZE", "RULE", "REGISTRY"];
/** Little-endian y of the neutral element and of a point of order 2: keys of small order. */
const SMALL_ORDER = [
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)),
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xec : i === 31 ? 0x7f : 0xff)),
];
/** Bodies that no verb has. */
const SHAPES: readonly unknown[] = [
  {},
  { need: 1 },
  { need: null, attempt: -1 },
  { need: "", attempt: 0, revision: 2 ** 53 - 1, progress: 0.5 },
  { bid: { open: [] }, ops: {}, key: [] },
  { amount: 2n ** 63n - 1n, to: "" },
  { amount: -1, to: "did:key:z6Mk" },
  { constructor: 1, toString: 2, hasOwnProperty: 3 },
  { manifest: [], attestations: {} },
];

export interface FloodedWire {
  readonly thread: string;
  readonly wire: Uint8Array;
}

/** One wire of this kind. Exported for the tests that go through all kinds. */
export const floodWire = (
  kind: FloodKind,
  villain: VillainContext,
  nonce: number,
): FloodedWire | undefined => {
  const { chance, rumours, signer } = villain;
  const pen = penOf(villain);
  const about = rumours.someNeed(chance);
  if (about === undefined) return undefined;
  const { verb, body } = lieAbout(chance, about, signer.did);
  const honest: Words = { verb, body, thread: about.need, nonce };
  const bytesOf = (words: Partial<Words>): Uint8Array => written(pen, { ...honest, ...words });
  const by = (bytes: Uint8Array): Uint8Array => signed(signer, [bytes])[0] as Uint8Array;
  const thread = about.need;
  switch (kind) {
    case "noise":
      return { thread, wire: chance.bytes(chance.below(200)) };
    case "cut": {
      const wire = by(bytesOf({}));
      return { thread, wire: wire.subarray(0, chance.below(wire.length)) };
    }
    case "flipped":
      return { thread, wire: flipped(chance, by(bytesOf({}))) };
    case "shapeless":
      return { thread, wire: shapeless(chance, bytesOf({})) };
    case "deep":
      return { thread, wire: new Uint8Array(5_000).fill(0x81) };
    case "oversized":
      return { thread, wire: framed(new Uint8Array(ENVELOPE_BYTES_MAX + 1), new Uint8Array(64)) };
    case "unsigned":
      return { thread, wire: framed(bytesOf({}), new Uint8Array(64)) };
    case "wrong-key": {
      const other = signerFromSeed(chance.bytes(32));
      return { thread, wire: signed(other, [bytesOf({})])[0] as Uint8Array };
    }
    case "small-order": {
      const key = chance.pick(SMALL_ORDER);
      // R = A and S = 0 satisfy the equation of a verifier that does not look at the order.
      const signature = new Uint8Array(64);
      signature.set(key);
      return { thread, wire: framed(bytesOf({ from: didOf(key) }), signature) };
    }
    case "stranger": {
      const stranger = signerFromSeed(chance.bytes(32));
      const letter = bytesOf({ from: stranger.did, nonce: 1 });
      return { thread, wire: signed(stranger, [letter])[0] as Uint8Array };
    }
    default:
      return { thread, wire: by(strangeWords(kind, chance, pen, honest)) };
  }
};

type Signed = Exclude<
  FloodKind,
  | "noise"
  | "cut"
  | "flipped"
  | "shapeless"
  | "deep"
  | "oversized"
  | "unsigned"
  | "wrong-key"
  | "small-order"
  | "stranger"
>;

/** Canonical, signed with its own key, and wrong in one field. */
const strangeWords = (kind: Signed, chance: Prng, pen: Pen, honest: Words): Uint8Array => {
  switch (kind) {
    case "lie":
      return written(pen, honest);
    case "unknown-verb":
      return written(pen, { ...honest, verb: chance.pick(["FROBNICATE", "A", "X_X"]) });
    case "leader-verb":
      return written(pen, { ...honest, verb: chance.pick(LEADERS) });
    case "wrong-swarm":
      return written(pen, { ...honest, swarm: "another.0123456789abcdef" });
    case "no-thread": {
      const { thread: _, ...rest } = honest;
      const own = pen.signer.did;
      const threads = [bucketThread(chance.below(257)), `acct:${own}`, nobodysId(chance)];
      return chance.chance(250_000)
        ? written(pen, rest)
        : written(pen, { ...rest, thread: chance.pick(threads) });
    }
    case "wild-numbers": {
      const wild = [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
      const [nonce, lamport, expiresAtMs] = [chance.pick(wild), chance.pick(wild), undefined];
      const past = chance.chance(300_000) ? { expiresAtMs: chance.pick(wild) } : { expiresAtMs };
      return written(pen, {
        ...honest,
        nonce,
        lamport,
        ...(past.expiresAtMs === undefined ? {} : { expiresAtMs: past.expiresAtMs }),
      });
    }
    case "wrong-body": {
      const verbs = [honest.verb, "NEED", "TRANSFER", "REGISTER", "CHALLENGE", "REVEAL"];
      const body = chance.chance(500_000)
        ? chance.pick(SHAPES)
        : { ...(honest.body as object), extra: chance.below(9) };
      return written(pen, { ...honest, verb: chance.pick(verbs), body });
    }
    default:
      return kind satisfies never;
  }
};

/** One bit is another. */
export const flipped = (chance: Prng, wire: Uint8Array): Uint8Array => {
  const copy = wire.slice();
  const at = chance.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << chance.below(8));
  return copy;
};

const shapeless = (chance: Prng, bytes: Uint8Array): Uint8Array => {
  const signature = new Uint8Array(64);
  const shapes: readonly unknown[] = [
    null,
    "",
    [],
    {},
    [bytes],
    [bytes, signature, 0, 0, []],
    [bytes, signature, 257, 0, []],
    [bytes, signature, 2, 2, []],
    [bytes, signature, 1, 0, [signature]],
    [bytes, signature, 4, 1, [new Uint8Array(32)]],
    [new Uint8Array(0), signature, 1, 0, []],
    [encode([]), signature, 1, 0, []],
    [encode({ v: 2 }), signature, 1, 0, []],
    [bytes, "signature", 1, 0, []],
    [bytes, signature, 1.5, 0, []],
    [bytes, signature, 1, -1, []],
  ];
  return encode(chance.pick(shapes));
};

export const flood = (villain: VillainContext): Hearing => {
  const { chance, send } = villain;
  let nonce = NONCES_FROM;
  inBursts(villain, PACE, () => {
    const count = chance.between(BURST_MIN, BURST_MAX);
    for (let i = 0; i < count; i += 1) {
      nonce += 1;
      const flooded = floodWire(chance.weighted(WEIGHTS), villain, nonce);
      if (flooded !== undefined) send(flooded.thread, flooded.wire);
    }
  });
  return () => false;
};
