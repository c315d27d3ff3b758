/**
 * Who may do what: the operator by the token in `DIR/token`, accounts by tokens of their own, of which
 * only hashes are kept. Both files are readable by their owner alone.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "./errors.ts";
import { ACCOUNTS_MAX } from "./limits.ts";

/** Bytes of chance in a token. */
const TOKEN_BYTES = 24;
const TOKEN_FILE = "token";
const ACCOUNTS_FILE = "accounts.json";

/** The account that the operator's own token posts through. */
export const LOCAL_ACCOUNT = "requester";

export interface Caller {
  readonly account: string;
  readonly isOperator: boolean;
}

interface Kept {
  readonly name: string;
  /** SHA-256 of its token, hex. */
  readonly hash: string;
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
const newToken = (): string => randomBytes(TOKEN_BYTES).toString("base64url");

const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

export class Tokens {
  readonly #dir: string;
  /** As it stands in the folder. */
  readonly operator: string;
  readonly #operatorHash: string;
  readonly #accounts = new Map<string, Kept>();

  /** The operator's token is made where there is none. */
  constructor(dir: string) {
    this.#dir = dir;
    const path = join(dir, TOKEN_FILE);
    if (!existsSync(path)) writeWhole(path, `${newToken()}\n`);
    this.operator = readFileSync(path, "utf8").trim();
    this.#operatorHash = hashOf(this.operator);
    const accounts = join(dir, ACCOUNTS_FILE);
    if (!existsSync(accounts)) return;
    for (const one of JSON.parse(readFileSync(accounts, "utf8")) as readonly Kept[])
      this.#accounts.set(one.name, one);
  }

  /** Refuses with TOKEN_MISSING, TOKEN_UNKNOWN. `header` is `Authorization`. */
  callerOf(header: string | undefined): Caller {
    const token = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
    if (token === undefined) throw new GatewayError("TOKEN_MISSING");
    const hash = hashOf(token);
    if (same(hash, this.#operatorHash)) return { account: LOCAL_ACCOUNT, isOperator: true };
    for (const kept of this.#accounts.values())
      if (same(hash, kept.hash)) return { account: kept.name, isOperator: false };
    throw new GatewayError("TOKEN_UNKNOWN");
  }

  has(name: string): boolean {
    return name === LOCAL_ACCOUNT || this.#accounts.has(name);
  }

  get names(): readonly string[] {
    return [LOCAL_ACCOUNT, ...this.#accounts.keys()];
  }

  /** Returns the new account's token, which is told once. Refuses with ACCOUNT_EXISTS, ACCOUNTS_FULL. */
  open(name: string): string {
    if (this.has(name)) throw new GatewayError("ACCOUNT_EXISTS", { account: name });
    if (this.#accounts.size >= ACCOUNTS_MAX)
      throw new GatewayError("ACCOUNTS_FULL", { limit: ACCOUNTS_MAX });
    const token = newToken();
    this.#accounts.set(name, { name, hash: hashOf(token) });
    const kept = JSON.stringify([...this.#accounts.values()], null, 2);
    writeWhole(join(this.#dir, ACCOUNTS_FILE), `${kept}\n`);
    return token;
  }
}

/** The operator's token of a folder, for a command of the same user; undefined where there is none. */
export const tokenIn = (dir: string): string | undefined => {
  const path = join(dir, TOKEN_FILE);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
};

const writeWhole = (path: string, text: string): void => {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, path);
};
