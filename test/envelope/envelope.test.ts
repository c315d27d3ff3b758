import { describe, expect, it } from "vitest";
import { decode, encode, Malformed } from "#envelope/canonical.ts";
import { cidOf, hex } from "#envelope/cid.ts";
import {
  accountThread,
  bucketThread,
  decodeEnvelope,
  encodeEnvelope,
  ENVELOPE_BYTES_MAX,
  threadOf,
  type Envelope,
} from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { isSwarmId, isSwarmName, swarmIdOf } from "#envelope/swarm.ts";

const { did } = signerFromSeed(new Uint8Array(32).fill(3));
const thread = cidOf(new Uint8Array([1]));
const good: Envelope = {
  v: 1,
  swarm: "demo.0123456789abcdef",
  thread,
  verb: "PROPOSE",
  from: did,
  nonce: 1,
  lamport: 2,
  sentAtMs: 1_770_000_000_000,
  expiresAtMs: 1_770_000_600_000,
  policy: "",
  body: { attempt: 1 },
  refs: [thread],
};
const without = (field: string): unknown =>
  Object.fromEntries(Object.entries(good).filter(([key]) => key !== field));
const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Malformed) return `${error.code} ${error.message}`;
    throw error;
  }
  return "accepted";
};

describe("an envelope", () => {
  it("is identified by its exact bytes and reads back", () => {
    const { bytes, id } = encodeEnvelope(good);
    expect(id).toBe(cidOf(bytes));
    expect(decodeEnvelope(bytes)).toEqual(good);
    expect(hex(bytes)).toBe(hex(encode(good)));
    expect(encodeEnvelope({ ...good, nonce: 2 }).id).not.toBe(id);
  });

  it("is its own thread where it names none", () => {
    const { thread: _, ...need } = good;
    const { bytes, id } = encodeEnvelope(need);
    expect("thread" in decodeEnvelope(bytes)).toBe(false);
    expect(threadOf(need, id)).toBe(id);
    expect(threadOf(good, id)).toBe(thread);
  });

  it.each([accountThread(did), bucketThread(0), bucketThread(99), bucketThread(256)])(
    "may stand in the thread %s",
    (name) => {
      const { bytes } = encodeEnvelope({ ...good, thread: name });
      expect(decodeEnvelope(bytes).thread).toBe(name);
    },
  );

  it.each<[string, unknown]>([
    ["v: this is version 1", { ...good, v: 2 }],
    ["swarm: no swarm id", { ...good, swarm: "demo" }],
    ["swarm: no swarm id", { ...good, swarm: "Demo.0123456789abcdef" }],
    ["swarm: no swarm id", { ...good, swarm: 7 }],
    ["thread: no thread", { ...good, thread: "somewhere" }],
    ["thread: no thread", { ...good, thread: "bucket:257" }],
    ["thread: no thread", { ...good, thread: "bucket:01" }],
    ["thread: no thread", { ...good, thread: "acct:" }],
    ["thread: no thread", { ...good, thread: null }],
    ["verb: no verb", { ...good, verb: "propose" }],
    ["verb: no verb", { ...good, verb: "A".repeat(33) }],
    ["from: no did:key of Ed25519", { ...good, from: "did:web:example.org" }],
    ["nonce: an integer 0 … 2^53 − 1", { ...good, nonce: -1 }],
    ["nonce: an integer 0 … 2^53 − 1", { ...good, nonce: 2n ** 60n }],
    ["lamport: an integer 0 … 2^53 − 1", { ...good, lamport: 0.5 }],
    ["sentAtMs: an integer 0 … 2^53 − 1", { ...good, sentAtMs: "now" }],
    ["expiresAtMs: an integer 0 … 2^53 − 1", { ...good, expiresAtMs: null }],
    ["policy: text of at most 128 units", { ...good, policy: "p".repeat(129) }],
    ["body: a map", { ...good, body: [] }],
    ["body: a map", { ...good, body: null }],
    ["body: a map", { ...good, body: Uint8Array.of(1) }],
    ["refs: at most 64 CIDs", { ...good, refs: Array.from({ length: 65 }, () => thread) }],
    ["refs: at most 64 CIDs", { ...good, refs: {} }],
    ["refs: no CID", { ...good, refs: ["x"] }],
    ["an envelope has no field extra", { ...good, extra: 1 }],
    ["an envelope has no field __proto__", JSON.parse(`{"__proto__": 1}`)],
    ["an envelope is a map", [good]],
    ...["v", "swarm", "verb", "from", "nonce", "lamport", "sentAtMs", "expiresAtMs", "policy"].map(
      (field): [string, unknown] => ["an envelope lacks a field", without(field)],
    ),
    ["an envelope lacks a field", without("body")],
    ["an envelope lacks a field", without("refs")],
  ])("is refused with: %s", (message, value) => {
    expect(messageOf(() => decodeEnvelope(encode(value)))).toBe(`MALFORMED ${message}`);
  });

  it("is refused on encoding by the same rules", () => {
    expect(messageOf(() => encodeEnvelope({ ...good, nonce: -1 }))).toContain("nonce");
    expect(messageOf(() => encodeEnvelope({ ...good, body: 1 }))).toContain("body");
  });

  it("has at most 64 KiB", () => {
    const padded = (size: number): Envelope => ({ ...good, body: { pad: new Uint8Array(size) } });
    const overhead = encodeEnvelope(padded(60_000)).bytes.length - 60_000;
    const { bytes } = encodeEnvelope(padded(ENVELOPE_BYTES_MAX - overhead));
    expect(bytes.length).toBe(ENVELOPE_BYTES_MAX);
    expect(decodeEnvelope(bytes).verb).toBe("PROPOSE");
    const above = padded(ENVELOPE_BYTES_MAX - overhead + 1);
    expect(messageOf(() => encodeEnvelope(above))).toContain("TOO_LARGE");
    expect(messageOf(() => decodeEnvelope(encode(above)))).toContain("TOO_LARGE");
  });

  it("has one encoding: its fields in another order are refused", () => {
    const { bytes } = encodeEnvelope(good);
    const text = hex(bytes);
    // "nonce" and "swarm" are both five bytes long; swapping the two keys breaks their order.
    const swapped = text
      .replace("656e6f6e6365", "PLACE")
      .replace("65737761726d", "656e6f6e6365")
      .replace("PLACE", "65737761726d");
    expect(swapped).not.toBe(text);
    expect(() => decode(Buffer.from(swapped, "hex"))).toThrow("canonical order");
  });
});

describe("a swarm's id", () => {
  it("is its name and the digest of its genesis", () => {
    const id = swarmIdOf("demo", encode({ name: "demo" }));
    expect(id).toMatch(/^demo\.[0-9a-f]{16}$/);
    expect(isSwarmId(id)).toBe(true);
    expect(swarmIdOf("demo", encode({ name: "demo", nonce: 1 }))).not.toBe(id);
  });

  it("takes names that fit into subjects and file names", () => {
    expect(["demo", "a", "0-9", "a".repeat(63)].every(isSwarmName)).toBe(true);
    expect(["", "Demo", "a.b", "-a", "a b", "a".repeat(64), "a\n"].some(isSwarmName)).toBe(false);
    expect(() => swarmIdOf("a.b", new Uint8Array())).toThrow(Malformed);
  });
});
