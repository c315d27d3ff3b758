import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  isKept,
  Outbox,
  OUTBOX_BYTES_MAX,
  OUTBOX_ROWS_MAX,
  type Kept,
  type Reconciled,
} from "#agent/outbox.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import { cidOf } from "#envelope/cid.ts";
import { signerFromSeed } from "#envelope/keys.ts";

const signer = signerFromSeed(new Uint8Array(32).fill(7));
const NEED = cidOf(new Uint8Array([1]));
const SENT_MS = 1_000_000;
const VALID_MS = 60_000;

const kept = (nonce: number, verb = "COMMIT", more = ""): Kept => {
  const { bytes } = encodeEnvelope({
    v: 1,
    swarm: "toy.0123456789abcdef",
    thread: NEED,
    verb,
    from: signer.did,
    nonce,
    lamport: nonce,
    sentAtMs: SENT_MS,
    expiresAtMs: SENT_MS + VALID_MS,
    policy: "",
    body: { need: NEED, attempt: 1, revision: 5, output: more },
    refs: [],
  });
  const [signed] = signEnvelopes([bytes], signer);
  return { id: signed!.id, thread: NEED, wire: encodeSigned(signed!) };
};
const ack = (envelope: string) => ({ kind: "ack", envelope, bucket: 1, seq: 1, head: "" }) as const;
const nack = (envelope: string) => ({ kind: "nack", envelope, code: "STALE_FENCE" }) as const;

describe("an agent's outbox", () => {
  let dir: string;
  let path: string;
  let nowMs: number;
  let told: Reconciled[];
  let failures: string[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "canswarm-outbox-"));
    path = join(dir, "outbox", "did_key_z.jsonl");
    [nowMs, told, failures] = [SENT_MS, [], []];
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const open = (): Outbox =>
    Outbox.open({
      path,
      wallMs: () => nowMs,
      onReconciled: (one) => told.push(one),
      onFailed: (reason) => failures.push(reason),
    });
  const idsLeft = (outbox: Outbox): readonly string[] => outbox.left.map(({ id }) => id);

  it("gives a later process the same bytes, and what they say (O1)", () => {
    const one = kept(3);
    open().keep(one);
    const [left] = open().left;
    expect(left).toMatchObject({ ...one, verb: "COMMIT", nonce: 3, body: { revision: 5 } });
  });

  it("forgets what was answered, and says what became of it (O3)", () => {
    const outbox = open();
    const [merged, orphaned] = [kept(1), kept(2)];
    for (const one of [merged, merged, orphaned]) outbox.keep(one);
    outbox.answered(ack(merged.id));
    outbox.answered(ack(merged.id));
    outbox.answered(nack(orphaned.id));
    expect(told).toEqual([
      { verb: "COMMIT", thread: NEED, result: "merged" },
      { verb: "COMMIT", thread: NEED, result: "orphaned", code: "STALE_FENCE" },
    ]);
    expect([outbox.left, open().left]).toEqual([[], []]);
  });

  it("does not keep for another process what has expired, and says so (O3)", () => {
    open().keep(kept(1));
    nowMs = SENT_MS + VALID_MS;
    expect(open().left).toEqual([]);
    expect(told).toMatchObject([{ result: "orphaned", code: "EXPIRED" }]);
    expect(open().left).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it("makes room by its oldest rows, in number and in bytes, and says so (O2)", () => {
    const outbox = open();
    const many = Array.from({ length: OUTBOX_ROWS_MAX + 3 }, (_, n) => kept(n + 1));
    for (const one of many) outbox.keep(one);
    expect(idsLeft(outbox)).toEqual(many.slice(3).map(({ id }) => id));
    expect(told.map(({ code }) => code)).toEqual(Array(3).fill("OUTBOX_FULL"));
    const text = "x".repeat(60_000);
    for (let n = 0; n < OUTBOX_ROWS_MAX; n += 1) outbox.keep(kept(1_000 + n, "COMMIT", text));
    const bytes = outbox.left.reduce((sum, { wire }) => sum + wire.length, 0);
    expect(bytes).toBeLessThanOrEqual(OUTBOX_BYTES_MAX);
    expect(bytes).toBeGreaterThan(OUTBOX_BYTES_MAX - 70_000);
    expect(idsLeft(open())).toEqual(idsLeft(outbox));
  });

  it("does not grow on the disk with what has ended", () => {
    const outbox = open();
    for (let n = 1; n <= 3 * OUTBOX_ROWS_MAX; n += 1) {
      const one = kept(n);
      outbox.keep(one);
      outbox.answered(ack(one.id));
    }
    const lines = readFileSync(path, "utf8").split("\n").length;
    expect(lines).toBeLessThanOrEqual(2 * OUTBOX_ROWS_MAX + 2);
  });

  it("reads up to a torn line, and keeps more after it (O3)", () => {
    const [one, two] = [kept(1), kept(2)];
    open().keep(one);
    appendFileSync(path, '{"id":"bafy');
    const outbox = open();
    expect(idsLeft(outbox)).toEqual([one.id]);
    outbox.keep(two);
    expect(idsLeft(open())).toEqual([one.id, two.id]);
  });

  it("goes on without what cannot be read or written, and says so", () => {
    open();
    writeFileSync(path, "no line of ours\n");
    const outbox = open();
    expect(failures).toHaveLength(1);
    rmSync(dir, { recursive: true });
    outbox.keep(kept(1));
    expect(failures).toHaveLength(2);
    expect(outbox.left).toHaveLength(1);
  });

  it("is for answers that cost work, not for what is worth nothing once it is late", () => {
    const verbs = ["COMMIT", "ATTEST", "ATTEST_PLAN", "HEARTBEAT", "CLAIM", "PROPOSE"] as const;
    expect(verbs.map(isKept)).toEqual([true, true, true, false, false, false]);
  });
});
