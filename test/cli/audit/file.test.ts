import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Broken } from "#cli/audit/chain.ts";
import type { Evidence } from "#cli/audit/evidence.ts";
import { auditInvalid } from "#cli/audit/open.ts";
import { readAuditFile } from "#cli/audit/read-file.ts";
import { canonicalJson, type Json } from "#cli/audit/canonical-json.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import {
  fieldsOf,
  Forgery,
  linesOfKind,
  runSmallMarket,
  sourceOf,
  type OperatorKeys,
  type Ran,
} from "./small-market.ts";

let ran: Ran;
let whole = "";
beforeAll(async () => {
  ran = await runSmallMarket();
  whole = ran.lines.join("");
}, 60_000);
afterAll(() => ran.folder.remove());

const read = (text: string | Uint8Array): Promise<Evidence> =>
  readAuditFile(sourceOf(text), "audit.jsonl");

const brokenBy = async (text: string | Uint8Array): Promise<Broken> => {
  try {
    await read(text);
  } catch (error) {
    if (error instanceof Broken) return error;
    throw error;
  }
  throw new Error("the file was accepted");
};

const without = (n: number): string => ran.lines.toSpliced(n, 1).join("");
const replaced = (n: number, line: string): string => ran.lines.toSpliced(n, 1, line).join("");
/** Every n-th of many, and the ends. */
const some = (numbers: readonly number[], step: number): readonly number[] =>
  numbers.filter((_, n) => n % step === 0 || n === numbers.length - 1);

/** Mulberry32: a fixed seed names the same flips for ever. */
const seeded = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return (t ^ (t >>> 14)) >>> 0;
};

describe("a whole file", () => {
  it("verifies, with its logs, heads and proven draws", async () => {
    const { heads, signatures, draws, header } = await read(whole);
    expect(heads).toHaveLength(257);
    expect(signatures).toBeGreaterThan(30);
    expect(draws).toMatchObject({ unproven: 0, false: 0 });
    expect(draws.proven).toBe(draws.total);
    expect(draws.total).toBeGreaterThan(8);
    expect(whole).toContain(header.swarm);
  });

  it("reads the same in pieces of any size", async () => {
    const evidence = await readAuditFile(sourceOf(whole, 777), "audit.jsonl");
    const seen: number[] = [];
    for (const [bucket, { records }] of evidence.heads.entries()) {
      let count = 0;
      for await (const _ of evidence.log(bucket)) count += 1;
      if (count !== records) seen.push(bucket);
    }
    expect(seen).toEqual([]);
  });

  it("lets anybody read the payments with JSON alone", () => {
    const paid = new Map<string, bigint>();
    for (const line of ran.lines) {
      const { kind, view } = fieldsOf(line);
      if (kind !== "record") continue;
      const { entries } = view as { entries: { verb?: string; body?: { paid?: unknown } }[] };
      for (const { body } of entries)
        for (const { to, amount, own } of (body?.paid ?? []) as Record<string, string>[])
          if (to !== undefined && amount !== undefined && own === undefined)
            paid.set(to, (paid.get(to) ?? 0n) + BigInt(amount));
    }
    const earned = ran.summary.agents.map(({ did, earned: text }) => [did, micros(text)]);
    expect(earned.filter(([, amount]) => amount !== 0n).length).toBeGreaterThan(2);
    for (const [did, amount] of earned) expect(paid.get(String(did)) ?? 0n).toBe(amount);
  });
});

const micros = (text: string): bigint => {
  const [units = "0", places = ""] = text.split(".");
  return BigInt(units) * 1_000_000n + BigInt(places.padEnd(6, "0"));
};

describe("a changed file is refused, naming line and bucket", () => {
  it("without any one of its records", async () => {
    for (const n of some(linesOfKind(ran.lines, "record"), 5)) {
      const { line, bucket } = await brokenBy(without(n));
      expect(line).toBeGreaterThan(n);
      expect(bucket).toBeTypeOf("number");
    }
  });

  it("without the last record of any bucket, naming the bucket that lacks it", async () => {
    const records = linesOfKind(ran.lines, "record");
    const bucketAt = (n: number): unknown => fieldsOf(ran.lines[n] ?? "{}")["bucket"];
    const lasts = records.filter(
      (n) => bucketAt(n) !== bucketAt(n + 1) || !records.includes(n + 1),
    );
    const lengths = lasts.map((n) => records.filter((m) => bucketAt(m) === bucketAt(n)).length);
    expect(bucketAt(lasts.at(-1) ?? 0)).toBe(256);
    for (const [at, n] of lasts.entries()) {
      const { bucket, reason } = await brokenBy(without(n));
      expect(bucket).toBe(bucketAt(n));
      const has = lengths[at] ?? 0;
      expect(reason).toBe(`records are missing: the head counts ${has}, the file has ${has - 1}`);
    }
  });

  it("without the only record of a bucket, naming that bucket", async () => {
    const forgery = new Forgery(ran.lines);
    const short = forgery.logs.findIndex((log) => log.length > 4);
    forgery.logs[short]?.splice(1);
    const lines = forgery.lines(ran.keys);
    const only = lines.findIndex((line) => line.startsWith(`{"bucket":${short},"`));
    expect(await brokenBy(lines.toSpliced(only, 1).join(""))).toMatchObject({
      bucket: short,
      reason: "records are missing: the head counts 1, the file has 0",
    });
  });

  it("with another digest of all heads, in one of them or in all", async () => {
    const other = (line: string): string =>
      line.replace(/"file":"\w{64}"/, `"file":"${"0".repeat(64)}"`);
    const heads = linesOfKind(ran.lines, "head");
    const third = heads[3] ?? 0;
    const reason = "the head's file is not the digest of all heads";
    expect(await brokenBy(replaced(third, other(ran.lines[third] ?? "")))).toMatchObject({
      reason,
      bucket: 3,
      line: third + 1,
    });
    const all = ran.lines.map((line, n) => (heads.includes(n) ? other(line) : line));
    expect(await brokenBy(all.join(""))).toMatchObject({ reason, bucket: 0 });
  });

  it.each<[string, (text: string) => string, string]>([
    ["no header", () => without(0), "a header belongs here"],
    [
      "lines ended by CR LF",
      (text) => text.replaceAll("\n", "\r\n"),
      "ends in \\r\\n, not in \\n alone",
    ],
    ["a byte order mark", (text) => `\ufeff${text}`, "begins with a byte order mark"],
    ["nothing in it", () => "", "the file is empty"],
    ["half a header", (text) => text.slice(0, 99), "ends without a newline"],
  ])("with %s, telling people that the header is wrong", async (_, change, reason) => {
    const broken = await brokenBy(change(whole));
    expect(auditInvalid(broken, "a.jsonl")).toMatchObject({
      message: expect.stringContaining(`line 1, header: ${reason}`) as unknown,
    });
  });

  it("without any one of its heads, the last one included", async () => {
    const heads = linesOfKind(ran.lines, "head");
    for (const n of some(heads, 8))
      expect(await brokenBy(without(n))).toMatchObject({
        line: n + 1,
        bucket: heads.indexOf(n),
      });
  });

  it("without its header", async () => {
    expect(await brokenBy(without(0))).toMatchObject({ line: 1, bucket: undefined });
  });

  it("with any two lines swapped", async () => {
    const random = seeded(7);
    const pairs = some(ran.lines.keys().toArray(), 9)
      .slice(0, -1)
      .map((n) => [n, n + 1] as const)
      .concat(
        Array.from({ length: 60 }, () => [
          random() % ran.lines.length,
          random() % ran.lines.length,
        ]),
      );
    for (const [a, b] of pairs) {
      if (a === b) continue;
      const lines = [...ran.lines];
      [lines[a], lines[b]] = [lines[b] ?? "", lines[a] ?? ""];
      const { line, bucket } = await brokenBy(lines.join(""));
      expect(line).toBeGreaterThan(Math.min(a, b));
      if (Math.min(a, b) > 0) expect(bucket).toBeTypeOf("number");
    }
  }, 60_000);

  it("with any line twice", async () => {
    for (const n of some(ran.lines.keys().toArray(), 40))
      await brokenBy(ran.lines.toSpliced(n, 0, ran.lines[n] ?? "").join(""));
  });

  it("with one of 200 random bytes flipped", async () => {
    const bytes = new TextEncoder().encode(whole);
    const random = seeded(2026);
    const headerEnd = ran.lines[0]?.length ?? 0;
    for (let n = 0; n < 200; n += 1) {
      const flipped = bytes.slice();
      const at = random() % bytes.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (random() % 8));
      const { line, bucket } = await brokenBy(flipped);
      expect(line).toBeGreaterThan(0);
      if (at >= headerEnd) expect(bucket).toBeTypeOf("number");
    }
  }, 60_000);

  it("cut off anywhere", async () => {
    const random = seeded(3);
    for (let n = 0; n < 12; n += 1) await brokenBy(whole.slice(0, random() % whole.length));
    expect(await brokenBy(whole.slice(0, -1))).toMatchObject({
      reason: "ends without a newline",
      line: ran.lines.length,
    });
  });

  it("followed by itself, or by anything", async () => {
    const line = ran.lines.length + 1;
    for (const more of [whole, "\n", " \n", ran.lines[1] ?? ""])
      expect(await brokenBy(whole + more)).toMatchObject({ line });
    expect(await brokenBy("")).toMatchObject({ line: 1 });
  });
});

describe("a line has one text", () => {
  const shuffled = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toReversed())
      : value;
  const unpadded = (line: string): string => line.replace(/=+"/, '"');

  it.each(["header", "record", "head"])(
    "that of a %s cannot be written otherwise",
    async (kind) => {
      // One whose base64 is padded: not every record's is.
      const isPadded = (n: number): boolean => ran.lines[n]?.includes('="') === true;
      const n = linesOfKind(ran.lines, kind).find(isPadded) ?? 0;
      const line = ran.lines[n] ?? "";
      const texts = [
        ` ${line}`,
        line.replace(",", ", "),
        line.replace("\n", "\r\n"),
        `\ufeff${line}`,
        `${JSON.stringify(shuffled(fieldsOf(line)))}\n`,
        `${canonicalJson({ ...(fieldsOf(line) as Record<string, Json>), more: 1 })}\n`,
        unpadded(line),
        line.replace(/"kind"/, '"kin\\u0064"'),
      ];
      for (const text of texts) {
        expect(text).not.toBe(line);
        expect(await brokenBy(replaced(n, text))).toMatchObject({ line: n + 1 });
      }
    },
  );

  it("nor can its view say something else than its bytes", async () => {
    const n = ran.lines.findLastIndex((line) => line.includes('"verb":"FINALIZE"'));
    const line = ran.lines[n] ?? "";
    const richer = line.replace(/"amount":"/, '"amount":"9');
    expect(richer).not.toBe(line);
    const { reason } = await brokenBy(replaced(n, richer));
    expect(reason).toMatch(/is not the one text of its content/);
  });
});

describe("a forged log", () => {
  const HEADS = /^the head is not signed by/;
  const stranger = (): OperatorKeys => {
    const signer = signerFromSeed(new Uint8Array(32).fill(9));
    return { ...ran.keys, operator: signer, signerOf: () => signer };
  };
  const forged = (change: (logs: Forgery["logs"], bucket: number) => void): Forgery => {
    const forgery = new Forgery(ran.lines);
    const bucket = forgery.logs.findIndex((log) => log.length > 4);
    change(forgery.logs, bucket);
    return forgery;
  };

  it("that nobody changed is put together to the same file", () => {
    expect(new Forgery(ran.lines).lines(ran.keys).join("")).toBe(whole);
    expect(new Forgery(ran.lines).lines().join("")).toBe(whole);
  });

  it("with one record replaced and the chain made whole is refused at a head", async () => {
    const forgery = forged((logs, bucket) => {
      const log = logs[bucket] ?? [];
      for (const [n, record] of log.entries())
        if (n > 1) log[n] = { ...record, atMs: record.atMs + 1 };
    });
    for (const keys of [undefined, stranger()]) {
      const { line, bucket, reason } = await brokenBy(forgery.lines(keys).join(""));
      expect(reason).toMatch(HEADS);
      expect(line).toBeGreaterThan(ran.lines.length - 257);
      expect(bucket).toBe((line ?? 0) - (ran.lines.length - 256));
    }
  });

  it("with a bucket emptied is refused at a head", async () => {
    const forgery = forged((logs, bucket) => {
      logs[bucket] = [];
    });
    expect((await brokenBy(forgery.lines().join(""))).reason).toMatch(HEADS);
  });

  it("that takes one bucket, head and all, from an older file is refused at another head", async () => {
    let older = -1;
    const forgery = forged((logs, bucket) => {
      older = bucket;
      logs[bucket]?.pop();
    });
    const genuine = forgery.lines(ran.keys);
    await expect(read(genuine.join(""))).resolves.toBeDefined();
    const mixed = forgery.lines();
    const at = mixed.length - 257 + older;
    const { reason, bucket } = await brokenBy(mixed.with(at, genuine[at] ?? "").join(""));
    expect(reason).toMatch(HEADS);
    expect(bucket).not.toBe(older);
  });

  it("whose EPOCH names the forger's key is refused for want of the operator's", async () => {
    const own = stranger();
    const forgery = forged((logs, bucket) => {
      const log = logs[bucket] ?? [];
      const [first] = log;
      if (first === undefined) return;
      log[0] = {
        ...first,
        entries: first.entries.map((entry) =>
          entry.kind === "given" && entry.verb === "EPOCH"
            ? { ...entry, body: { ...(entry.body as object), key: own.operator.did } }
            : entry,
        ),
      };
    });
    const { reason } = await brokenBy(forgery.lines({ ...own, operator: own.operator }).join(""));
    expect(reason).toBe("the head is not signed by the operator that the genesis names");
  });

  it("with an envelope that its sender did not sign is refused, whoever signs the heads", async () => {
    let position = -1;
    const forgery = forged((logs, bucket) => {
      const log = logs[bucket] ?? [];
      for (const [n, record] of log.entries())
        for (const [e, entry] of record.entries.entries()) {
          if (entry.kind !== "envelope" || position >= 0) continue;
          position = record.first + e;
          const signature = entry.signed.signature.slice().reverse();
          const signed = { ...entry.signed, signature };
          log[n] = { ...record, entries: record.entries.with(e, { ...entry, signed }) };
        }
    });
    const { reason, bucket } = await brokenBy(forgery.lines(ran.keys).join(""));
    expect(reason).toBe(`the envelope at position ${position} is not signed by its sender`);
    expect(forgery.logs[bucket ?? 0]?.length).toBeGreaterThan(4);
  });
});
