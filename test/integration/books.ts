/**
 * The books of a data folder, worked out a second time: from the database's rows by @ipld/dag-cbor and
 * node:crypto alone. It shares nothing with src on purpose: a mistake there may not hide itself here.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { decode } from "@ipld/dag-cbor";
import { CID } from "multiformats/cid";
import * as Digest from "multiformats/hashes/digest";

type Plain = Readonly<Record<string, unknown>>;

export interface Said {
  readonly bucket: number;
  readonly atMs: number;
  readonly verb: string;
  readonly body: Plain;
  /** Of an envelope: who said it, and its id. */
  readonly from?: string;
  readonly id?: string;
}

interface Message {
  readonly bucket: number;
  readonly from: number;
  readonly number: number;
  readonly role: "ask" | "answer";
  readonly payload: Plain;
}

export interface Log {
  readonly envelopes: readonly Said[];
  readonly derived: readonly Said[];
  readonly given: readonly Said[];
  readonly messages: readonly Message[];
}

const SHA2_256 = 0x12;
const DAG_CBOR = 0x71;
const SYSTEM = 256;

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const idOf = (bytes: Uint8Array): string =>
  CID.createV1(DAG_CBOR, Digest.create(SHA2_256, sha256(bytes))).toString();
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The logs of a folder that nobody has open: what is reached from each head, in order. */
export const readLog = (dir: string): Log => {
  const database = new DatabaseSync(join(dir, "canswarm.db"));
  const log = { envelopes: [], derived: [], given: [], messages: [] } as {
    envelopes: Said[];
    derived: Said[];
    given: Said[];
    messages: Message[];
  };
  try {
    for (const head of database.prepare("SELECT bucket, hash, records FROM heads").all()) {
      const bucket = Number(head["bucket"]);
      const rows = database
        .prepare("SELECT bytes FROM records WHERE bucket = ? ORDER BY place DESC")
        .all(bucket)
        .map((row) => new Uint8Array(row["bytes"] as Uint8Array));
      const byHash = new Map(rows.map((bytes) => [hexOf(sha256(bytes)), bytes]));
      const chain: unknown[][] = [];
      let hash = hexOf(new Uint8Array(head["hash"] as Uint8Array));
      while (!/^0+$/.test(hash)) {
        const bytes = byHash.get(hash);
        if (bytes === undefined) throw new Error(`bucket ${bucket}: ${hash} is not stored`);
        const record: unknown[] = decode(bytes);
        chain.push(record);
        hash = hexOf(record[4] as Uint8Array);
      }
      if (chain.length !== Number(head["records"]))
        throw new Error(`bucket ${bucket}: the head counts another number of records`);
      for (const record of chain.toReversed())
        for (const entry of record[8] as unknown[][])
          addEntry(log, bucket, Number(record[7]), entry);
    }
  } finally {
    database.close();
  }
  return log;
};

const addEntry = (
  log: { envelopes: Said[]; derived: Said[]; given: Said[]; messages: Message[] },
  bucket: number,
  atMs: number,
  entry: unknown[],
): void => {
  switch (entry[0]) {
    case 0: {
      const bytes = entry[1] as Uint8Array;
      const envelope: Plain = decode(bytes);
      log.envelopes.push({
        bucket,
        atMs,
        verb: String(envelope["verb"]),
        body: envelope["body"] as Plain,
        from: String(envelope["from"]),
        id: idOf(bytes),
      });
      break;
    }
    case 1:
      log.messages.push({
        bucket,
        from: Number(entry[1]),
        number: Number(entry[2]),
        role: entry[3] === 0 ? "ask" : "answer",
        payload: entry[5] as Plain,
      });
      break;
    case 2:
      log.given.push({ bucket, atMs, verb: String(entry[1]), body: entry[2] as Plain });
      break;
    default:
      log.derived.push({ bucket, atMs, verb: String(entry[1]), body: entry[3] as Plain });
  }
};

const ENDS = new Set(["FINALIZE", "REJECT", "RELEASE", "INVALIDATE", "CLOSE"]);

export interface NeedBook {
  readonly need: string;
  readonly key: string;
  outcome: string | undefined;
  /** Outcome of each attempt by its number. */
  readonly attempts: Map<number, { outcome: string; worker: string | undefined }>;
  readonly decides: Map<number, string>;
  /** What its last COMMIT said. */
  output: unknown;
}

export interface Books {
  readonly needs: ReadonlyMap<string, NeedBook>;
  /** Balance and stake together, by account; `treasury` and `burned` among them. */
  readonly accounts: ReadonlyMap<string, bigint>;
  /** Sum by account of what came out of escrows as price, fee or votes. */
  readonly earned: ReadonlyMap<string, bigint>;
  /** Everything that may never be: empty where all holds. */
  readonly wrong: readonly string[];
}

const MINTED = 1_000_000_000_000_000n;
const amountOf = (value: unknown): bigint => BigInt(value as number | bigint);

class Reckoning {
  readonly needs = new Map<string, NeedBook>();
  readonly accounts = new Map<string, bigint>([["treasury", MINTED]]);
  readonly earned = new Map<string, bigint>();
  readonly wrong: string[] = [];
  readonly #escrows = new Map<string, bigint>();
  readonly #bonds = new Map<string, bigint>();
  readonly #asks = new Map<string, Plain>();
  readonly #answered = new Set<string>();
  readonly #funded = new Set<string>();
  readonly #settled = new Set<string>();

  envelopes(said: readonly Said[]): void {
    const ids = new Set<string>();
    const grants = new Set<string>();
    for (const { verb, body, id = "", from = "" } of said) {
      if (ids.has(id)) this.wrong.push(`${verb} ${id} is in the log twice`);
      ids.add(id);
      if (verb === "NEED")
        this.needs.set(id, {
          need: id,
          key: String(body["key"]),
          outcome: undefined,
          attempts: new Map(),
          decides: new Map(),
          output: undefined,
        });
      else if (verb === "TRANSFER") {
        const key = `${from} ${String(body["key"] ?? id)}`;
        if (!grants.has(key)) this.#move("treasury", String(body["to"]), amountOf(body["amount"]));
        grants.add(key);
      } else if (verb === "COMMIT") {
        const need = this.needs.get(String(body["need"]));
        if (need !== undefined) need.output = body["output"];
      }
    }
  }

  derived(said: readonly Said[]): void {
    for (const { verb, body } of said) {
      const need = this.needs.get(String(body["need"]));
      if (need === undefined) continue;
      const attempt = Number(body["attempt"]);
      const worker = body["worker"] === undefined ? undefined : String(body["worker"]);
      if (verb === "DECIDE") {
        if (need.decides.has(attempt)) this.wrong.push(`${need.key}/${attempt} is decided twice`);
        need.decides.set(attempt, worker ?? "");
      }
      if (!ENDS.has(verb)) continue;
      if (need.attempts.has(attempt)) this.wrong.push(`${need.key}/${attempt} ends twice`);
      need.attempts.set(attempt, { outcome: String(body["outcome"]), worker });
      if (body["last"] !== true) continue;
      if (need.outcome !== undefined) this.wrong.push(`${need.key} has two last ends`);
      need.outcome = String(body["outcome"]);
    }
    for (const need of this.needs.values())
      if (need.outcome === undefined) this.wrong.push(`${need.key} has no end`);
  }

  messages(messages: readonly Message[]): void {
    for (const { bucket, from, number, role, payload } of messages)
      if (role === "ask" && bucket === SYSTEM) {
        const name = `${from}/${number}`;
        if (this.#asks.has(name)) this.wrong.push(`ask ${name} is in the log twice`);
        this.#asks.set(name, payload);
      }
    for (const { bucket, number, role, payload } of messages) {
      if (role !== "answer") continue;
      const name = `${bucket}/${number}`;
      if (this.#answered.has(name)) this.wrong.push(`the answer to ${name} is in the log twice`);
      this.#answered.add(name);
      const ask = this.#asks.get(name);
      if (ask === undefined) this.wrong.push(`${name} was answered but never asked`);
      else this.#answer(ask, payload);
    }
  }

  close(): void {
    for (const [need, amount] of this.#escrows)
      if (amount !== 0n) this.wrong.push(`the escrow of ${need} holds ${amount} at the end`);
    for (const [bond, amount] of this.#bonds)
      if (amount !== 0n) this.wrong.push(`the bond of ${bond} holds ${amount} at the end`);
    let total = 0n;
    for (const [account, amount] of this.accounts) {
      total += amount;
      if (amount < 0n) this.wrong.push(`${account} has ${amount}`);
    }
    if (total !== MINTED) this.wrong.push(`${total} in all accounts, minted ${MINTED}`);
  }

  #answer(ask: Plain, answer: Plain): void {
    const need = String(ask["need"]);
    const attempt = `${need}/${String(ask["attempt"])}`;
    if (ask["kind"] === "fund" && answer["kind"] === "held") {
      if (this.#funded.has(need)) this.wrong.push(`${need} is funded twice`);
      this.#funded.add(need);
      const amount = amountOf(ask["amount"]);
      this.#add(String(ask["requester"]), -amount);
      this.#escrows.set(need, amount);
    } else if (ask["kind"] === "bond" && answer["kind"] === "held") {
      const amount = amountOf(ask["amount"]);
      this.#add(String(ask["worker"]), -amount);
      this.#bonds.set(attempt, (this.#bonds.get(attempt) ?? 0n) + amount);
    } else if (ask["kind"] === "settle" && answer["kind"] === "posted") {
      if (this.#settled.has(attempt)) this.wrong.push(`${attempt} is settled twice`);
      this.#settled.add(attempt);
      for (const move of answer["moves"] as Plain[]) this.#moved(need, attempt, move);
    }
  }

  #moved(need: string, attempt: string, move: Plain): void {
    const amount = amountOf(move["amount"]);
    const [from, to, why] = [String(move["from"]), String(move["to"]), String(move["why"])];
    if (from === to) return;
    if (from === "escrow") this.#escrows.set(need, (this.#escrows.get(need) ?? 0n) - amount);
    else if (from === "bond") this.#bonds.set(attempt, (this.#bonds.get(attempt) ?? 0n) - amount);
    else if (from === "exposure") this.#add(String(move["of"]), -amount);
    else this.#add(from, -amount);
    if (to === "escrow") this.#escrows.set(need, (this.#escrows.get(need) ?? 0n) + amount);
    else this.#add(to, amount);
    if (from === "escrow" && why !== "rest of the escrow" && to !== "burned")
      this.earned.set(to, (this.earned.get(to) ?? 0n) + amount);
  }

  #move(from: string, to: string, amount: bigint): void {
    this.#add(from, -amount);
    this.#add(to, amount);
  }

  #add(account: string, amount: bigint): void {
    this.accounts.set(account, (this.accounts.get(account) ?? 0n) + amount);
  }
}

/** Reckon a folder's log from the first entry to the last. */
export const reckon = (log: Log): Books => {
  const reckoning = new Reckoning();
  reckoning.envelopes(log.envelopes);
  reckoning.derived(log.derived);
  reckoning.messages(log.messages);
  reckoning.close();
  return reckoning;
};

/** Micro-credits as the summary writes them. */
export const decimal = (amount: bigint): string => {
  const fraction = (amount % 1_000_000n).toString().padStart(6, "0").replace(/0+$/, "");
  return `${amount / 1_000_000n}${fraction === "" ? "" : `.${fraction}`}`;
};
