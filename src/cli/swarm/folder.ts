/**
 * A data folder: the genesis, the keys by name, the store's files, the pid of whoever runs it. The
 * genesis is written once, before anything else, and never changed.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { encode } from "#envelope/canonical.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { decodeGenesis, encodeGenesis } from "#domain/genesis/codec.ts";
import type { Genesis, Parameters } from "#domain/genesis/genesis.ts";
import { openKeys, type Keys } from "#adapters/system/keys.ts";
import { systemRng } from "#adapters/system/rng.ts";
import { CliError } from "../errors.ts";

/** 10^9 credits: a thousandth of what a genesis may mint. */
export const MINTED_DEFAULT = 1_000_000_000_000_000n;
export const GENESIS_FILE = "genesis.cbor";
const OPERATOR_KEY = join("keys", "operator");
const PID_FILE = "supervisor.pid";
const FAULT_MARK = "made-for-faults";

export interface Folder {
  readonly dir: string;
  readonly keys: Keys;
  readonly genesis: Genesis;
  readonly genesisBytes: Uint8Array;
  readonly swarm: string;
  readonly operator: Signer;
  /** Hex hash that every EPOCH carries: it binds the log to this genesis. */
  readonly header: string;
}

export const holdsSwarm = (dir: string): boolean => existsSync(join(dir, GENESIS_FILE));

/** What lies in a folder whose making was cut off before its genesis was there. */
const UNFINISHED = new Set(["keys", `${GENESIS_FILE}.tmp`, FAULT_MARK]);

/**
 * Refuses with DATA_UNUSABLE where a swarm neither is nor can be made: in the way of a file, or among
 * files of somebody else. Writes nothing.
 */
export const checkFolder = (dir: string): void => {
  const unusable = (reason: string): CliError =>
    new CliError("DATA_UNUSABLE", { path: dir, reason });
  let names: readonly string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    throw unusable(code === "ENOTDIR" ? "a file is in the way" : `it cannot be read (${code})`);
  }
  if (names.includes(GENESIS_FILE)) return;
  const other = names.find((name) => !UNFINISHED.has(name));
  if (other !== undefined) throw unusable(`it holds no swarm but other files, such as ${other}`);
};

const makeFolder = (dir: string): void => {
  checkFolder(dir);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError("DATA_UNUSABLE", { path: dir, reason: `it cannot be made (${code})` });
  }
};

/** A folder keeps the genesis it was made with; one that is not there yet will get `parameters`. */
export const rulesIn = (
  dir: string | undefined,
  parameters: Parameters,
): Pick<Genesis, "parameters" | "minted"> =>
  dir !== undefined && holdsSwarm(dir)
    ? decodeGenesis(new Uint8Array(readFileSync(join(dir, GENESIS_FILE))))
    : { parameters, minted: MINTED_DEFAULT };

/**
 * Open the folder's identity; create it with these parameters where there is none. Refuses with
 * DATA_MISSING where there is none and none is wanted, with KEY_MISSING where the operator's key is not
 * the one of the genesis: looked for first, because asking for a key would make a new one.
 */
export const openFolder = (dir: string, create: NewSwarm | undefined): Folder => {
  const path = join(dir, GENESIS_FILE);
  if (!existsSync(path)) {
    if (create === undefined) throw new CliError("DATA_MISSING", { path: dir });
    writeDurably(dir, path, newGenesis(dir, create));
  }
  const genesisBytes = new Uint8Array(readFileSync(path));
  const genesis = decodeGenesis(genesisBytes);
  if (!existsSync(join(dir, OPERATOR_KEY))) throw new CliError("KEY_MISSING", { path: dir });
  const keys = openKeys(join(dir, "keys"), systemRng());
  const operator = signerFromSeed(keys.seed("operator"));
  if (operator.did !== genesis.operator) throw new CliError("KEY_MISSING", { path: dir });
  return {
    dir,
    keys,
    genesis,
    genesisBytes,
    swarm: swarmIdOf(genesis.name, genesisBytes),
    operator,
    header: headerHash(genesisBytes),
  };
};

export interface NewSwarm {
  readonly name: string;
  readonly parameters: Parameters;
  readonly nowMs: number;
}

/** Of a swarm whose operator's key lies in the folder, made where there is none. */
export const newGenesis = (dir: string, { name, parameters, nowMs }: NewSwarm): Uint8Array => {
  makeFolder(dir);
  const keys = openKeys(join(dir, "keys"), systemRng());
  return encodeGenesis({
    version: 1,
    name,
    nonce: systemRng().bytes(16),
    operator: signerFromSeed(keys.seed("operator")).did,
    createdAtMs: nowMs,
    minted: MINTED_DEFAULT,
    parameters,
    policy: policyDigest,
  });
};

/** The folder is of this swarm from now on. */
export const adoptGenesis = (dir: string, genesis: Uint8Array): void => {
  makeFolder(dir);
  writeDurably(dir, join(dir, GENESIS_FILE), genesis);
};

/** The operator's key of another folder of the same swarm, unless there is one. */
export const adoptOperatorKey = (dir: string, seedHex: string): void => {
  const path = join(dir, OPERATOR_KEY);
  if (existsSync(path)) return;
  mkdirSync(join(dir, "keys"), { recursive: true, mode: 0o700 });
  writeFileSync(path, seedHex, { mode: 0o600, flag: "wx" });
};

/** The default policy bundle: the typed rules of this version. */
export const policyDigest = hex(sha256(new TextEncoder().encode("canswarm/v1/policy/default")));

/** Hash of the audit's header line content. */
export const headerHash = (genesisBytes: Uint8Array): string =>
  hex(sha256(encode(["canswarm/v1/header", genesisBytes])));

const writeDurably = (dir: string, path: string, bytes: Uint8Array): void => {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dir, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

export const writePid = (dir: string): (() => void) => {
  const path = join(dir, PID_FILE);
  writeFileSync(path, `${process.pid}\n`);
  return () => rmSync(path, { force: true });
};

/** Faults are caused only in a folder that was made for them: new, or marked by an earlier such run. */
export const markForFaults = (dir: string): void => {
  const mark = join(dir, FAULT_MARK);
  if (existsSync(mark)) return;
  if (holdsSwarm(dir))
    throw new CliError("FAULT_REFUSED", {
      path: dir,
      reason: "it holds a swarm that was not made for faults",
    });
  makeFolder(dir);
  writeFileSync(mark, "canswarm may cause faults in this folder\n");
};
