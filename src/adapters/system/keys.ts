/**
 * Private keys by name, one file each in `DIR/keys/`: the 32-byte Ed25519 seed in hex, readable by the
 * owner alone. A key appears whole or not at all, and the first one written under a name stays.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { SEED_BYTES } from "#envelope/keys.ts";
import { Fault } from "#ports/faults.ts";
import type { Rng } from "#ports/rng.ts";

/** UTF-8 bytes of a name: with all of them escaped the file name stays under the usual 255 bytes. */
export const KEY_NAME_BYTES_MAX = 80;

export interface Keys {
  /** The seed under this name, made and stored first if there is none. A copy: the caller's. */
  readonly seed: (name: string) => Uint8Array;
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** Any name as one file name: no separator, no dot, no letter that a case-blind disk would merge. */
const fileOf = (name: Uint8Array): string =>
  [...name]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[a-z0-9-]/.test(char) ? char : `_${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");

const parsed = (text: string, path: string): Uint8Array => {
  const seed = Uint8Array.from(Buffer.from(text.trim(), "hex"));
  if (seed.byteLength === SEED_BYTES && /^[0-9a-f]+$/.test(text.trim())) return seed;
  throw new Fault("STORE_CORRUPT", `${path} does not hold ${SEED_BYTES} bytes of hex`);
};

const read = (path: string): Uint8Array | undefined => {
  try {
    return parsed(readFileSync(path, "utf8"), path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
};

const syncFolder = (dir: string): void => {
  const folder = openSync(dir, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

/** Written under another name, fsynced, then linked: `link` refuses a name that is taken. */
const create = (dir: string, path: string, seed: Uint8Array, unique: string): void => {
  const temporary = join(dir, `.${unique}.tmp`);
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeSync(file, `${Buffer.from(seed).toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(temporary, path);
    syncFolder(dir);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
};

export const openKeys = (dir: string, rng: Rng): Keys => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return {
    seed: (name) => {
      const bytes = new TextEncoder().encode(name);
      if (bytes.byteLength === 0 || bytes.byteLength > KEY_NAME_BYTES_MAX) {
        throw new RangeError(`a key's name has 1 … ${KEY_NAME_BYTES_MAX} bytes`);
      }
      const path = join(dir, fileOf(bytes));
      const standing = read(path);
      if (standing !== undefined) return standing;
      const unique = Buffer.from(rng.bytes(8)).toString("hex");
      create(dir, path, rng.bytes(SEED_BYTES), unique);
      // Read back, because somebody else may have been first.
      const seed = read(path);
      if (seed === undefined) throw new Fault("STORE_FAILED", `${path} vanished`);
      return seed;
    },
  };
};
