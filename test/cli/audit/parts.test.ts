import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64url, bytesOf, canonicalJson, type Json } from "#cli/audit/canonical-json.ts";
import { Broken } from "#cli/audit/chain.ts";
import { DrawChecks } from "#cli/audit/draws.ts";
import { linesOf } from "#cli/audit/lines.ts";
import { SignatureQueue } from "#cli/audit/signatures.ts";
import { viewRecord } from "#cli/audit/view.ts";
import { sha256 } from "#envelope/cid.ts";
import { accountThread, encodeEnvelope, signEnvelopes } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { GENESIS_PARENT, type Entry, type LogRecord } from "#runtime/log/record.ts";
import { sourceOf } from "./small-market.ts";

const recordOf = (entries: readonly Entry[], bucket = 3): LogRecord => ({
  bucket,
  index: 0,
  first: 0,
  parent: GENESIS_PARENT,
  generation: 1,
  revision: 1,
  atMs: 5,
  entries,
});

describe("canonical JSON", () => {
  it("has one text for one content, whatever the order of its keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as Json);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
      }),
    );
    expect(canonicalJson({ b: 1, a: [{ d: "é", c: null }], "10": 2, "9": 3 })).toBe(
      '{"10":2,"9":3,"a":[{"c":null,"d":"é"}],"b":1}',
    );
  });

  it("reads only the base64url that it writes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = base64url(bytes);
        expect(text.length % 4).toBe(0);
        expect(bytesOf(text)).toEqual(bytes);
      }),
    );
    for (const text of ["AA", "AA=", "AB==", "A+==", "AA==\n", " AA==", "A", 5, undefined])
      expect(bytesOf(text)).toBeUndefined();
  });
});

describe("lines", () => {
  const all = async (text: string, piece: number): Promise<[number, number, string][]> => {
    const lines: [number, number, string][] = [];
    for await (const { number, at, text: line } of linesOf(sourceOf(text, piece)))
      lines.push([number, at, line]);
    return lines;
  };

  it("are the same with their places, however the bytes come in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "binary" }).map((line) => line.replaceAll("\n", ""))),
        fc.integer({ min: 1, max: 9 }),
        async (lines, piece) => {
          const text = lines.map((line) => `${line}\n`).join("");
          let at = 0;
          const expected = lines.map((line, n) => {
            const place = at;
            at += new TextEncoder().encode(line).length + 1;
            return [n + 1, place, line];
          });
          expect(await all(text, piece)).toEqual(expected);
        },
      ),
    );
  });

  it("end with a newline and are UTF-8", async () => {
    await expect(all("a\nb", 2)).rejects.toMatchObject({ line: 2 });
    const broken = linesOf(sourceOf(new Uint8Array([0x61, 0x0a, 0xff, 0x0a])));
    await broken.next();
    await expect(broken.next()).rejects.toMatchObject({ line: 2, reason: "is not UTF-8" });
  });
});

describe("the view of a record", () => {
  it("writes amounts, large integers and bytes as text", () => {
    const { view } = viewRecord(
      recordOf([
        {
          kind: "derived",
          verb: "FINALIZE",
          thread: "x",
          body: { paid: [{ amount: 5, to: "did" }], odd: 2n ** 60n, raw: new Uint8Array([255]) },
        },
        {
          kind: "message",
          from: 3,
          number: 1,
          role: "ask",
          floor: 0,
          payload: { amount: 7, count: 7 },
        },
      ]),
    );
    expect(view).toMatchObject({
      entries: [
        {
          position: 0,
          body: { odd: String(2n ** 60n), raw: { "/": { bytes: "_w==" } } },
        },
        { position: 1, payload: { amount: "7", count: 7 } },
      ],
    });
    expect(() => canonicalJson(view)).not.toThrow();
  });
});

describe("draws", () => {
  const secret = new Uint8Array(32).fill(4);
  const asked = (s: Uint8Array): Entry => ({
    kind: "derived",
    verb: "DRAW",
    thread: "n",
    body: { phase: "asked", need: "n", attempt: 1, question: "result", candidate: 0, round: 0, s },
  });
  const grant: Entry = {
    kind: "derived",
    verb: "GRANT",
    thread: "n",
    body: { need: "n", attempt: 1, revision: 7 },
  };
  const right = createHmac("sha256", secret).update("n/1/result/0/0/7").digest();
  const verdictOf = (s: Uint8Array, more: readonly Entry[]): string | undefined => {
    const draws = new DrawChecks();
    draws.add(recordOf([grant, asked(s)]), sha256(secret));
    draws.add(recordOf(more), sha256(secret));
    return draws.verdicts()[0]?.verdict;
  };
  const epoch = (previousSecret: Uint8Array): Entry => ({
    kind: "given",
    verb: "EPOCH",
    body: { previousSecret },
  });

  it.each([
    ["unproven", "nobody reveals the secret", right, []],
    ["unproven", "another secret is revealed", right, [epoch(new Uint8Array(32))]],
    ["proven", "a later EPOCH reveals it", right, [epoch(secret)]],
    ["false", "the leader did not use it", new Uint8Array(32), [epoch(secret)]],
  ] as const)("are %s where %s", (verdict, _why, s, more) => {
    expect(verdictOf(s, more)).toBe(verdict);
  });
});

describe("signatures in bulk", () => {
  const signer = signerFromSeed(new Uint8Array(32).fill(1));
  const swarm = swarmIdOf("test", new Uint8Array(8));
  const signed = Array.from({ length: 600 }, (_, nonce) => nonce).flatMap((nonce) =>
    signEnvelopes(
      [
        encodeEnvelope({
          v: 1,
          swarm,
          thread: accountThread(signer.did),
          verb: "STAKE",
          from: signer.did,
          nonce: nonce + 1,
          lamport: 0,
          sentAtMs: 0,
          expiresAtMs: 0,
          policy: "",
          body: { amount: 1 },
          refs: [],
        }).bytes,
      ],
      signer,
    ),
  );
  const check = async (wrong: number): Promise<number> => {
    const queue = new SignatureQueue();
    try {
      for (const [position, one] of signed.entries()) {
        const signature = position === wrong ? one.signature.slice().fill(0) : one.signature;
        await queue.add({ ...one, signature }, { bucket: 3, position, line: position + 2 });
      }
      await queue.finish();
      return queue.count;
    } finally {
      await queue.close();
    }
  };

  it("all hold, or the first that does not is named", async () => {
    expect(await check(-1)).toBe(600);
    for (const wrong of [0, 300, 599]) {
      const error = await check(wrong).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Broken);
      expect(error).toMatchObject({ bucket: 3, line: wrong + 2 });
    }
  });
});
