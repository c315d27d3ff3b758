/** Whom `canswarm agent` joins: those of an AGENTS.json, or the one that the command line describes. */

import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Welcome } from "#agent/door.ts";
import { findProgram } from "#agent/runner/program.ts";
import type { RunSpec } from "#agent/runner/spec.ts";
import { capability } from "#protocol/fields.ts";
import { Mismatch } from "#protocol/schema.ts";
import { CliError, inputInvalid } from "../errors.ts";
import type { Joiner } from "../up/joining.ts";
import { readAgents } from "./agents.ts";
import { parseAmount } from "./amount.ts";
import { BadLines } from "./bad-line.ts";
import { Fields } from "./fields.ts";
import { readHttp } from "./run-http.ts";
import { sandboxed } from "./sandbox.ts";

export interface JoinerFlags {
  readonly from?: string;
  readonly only?: readonly string[];
  readonly unsandboxed: boolean;
  readonly name?: string;
  readonly role?: string;
  readonly capability?: readonly string[];
  readonly price?: string;
  readonly eta?: string;
  readonly exec: boolean;
  readonly lines: boolean;
  readonly module?: string;
  readonly http?: string;
  readonly health?: string;
  readonly tokenEnv?: string;
  readonly welcome?: string;
}

export interface Joiners {
  readonly joiners: readonly Joiner[];
  /** In which their programs run. */
  readonly folder: string;
}

const ROLES = ["worker", "verifier", "both"] as const;
const ETA_DEFAULT_MS = 1_000;

const usage = (reason: string): CliError => new CliError("USAGE", { reason, command: "agent" });

/** Refuses with USAGE, INPUT_INVALID, SANDBOX_MISSING. */
export const joinersOf = async (words: readonly string[], flags: JoinerFlags): Promise<Joiners> => {
  if (flags.from === undefined)
    return { joiners: [await oneOf(words, flags)], folder: process.cwd() };
  return inFile(flags.from, words, flags);
};

/* ------------------------------------------------------------------------ AGENTS.json */

/** What AGENTS.json says itself. */
const SAID_THERE = [
  "name",
  "role",
  "capability",
  "price",
  "eta",
  "exec",
  "lines",
  "module",
  "http",
  "health",
  "tokenEnv",
] as const;

const inFile = async (
  file: string,
  words: readonly string[],
  flags: JoinerFlags,
): Promise<Joiners> => {
  const twice = SAID_THERE.find((flag) => flags[flag] !== undefined && flags[flag] !== false);
  if (twice !== undefined || words.length > 0)
    throw usage("--from takes all of an agent from the file; choose among them with --only NAME");
  const bad = new BadLines();
  // What the pool demands and the treasury holds is the other side's to say.
  const { agents, folder } = await readAgents(file, { verifyStakeMin: 0n }, bad, () => undefined);
  if (bad.total > 0) throw inputInvalid(bad);
  const names = agents.map(({ name }) => name);
  const unknown = flags.only?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw usage(`${file} has no agent ${unknown}; it has ${names.join(", ")}`);
  const chosen = agents.filter(({ name }) => flags.only?.includes(name) ?? true);
  if (chosen.length === 0) throw usage(`${file} has no agents`);
  return { joiners: sandboxed(chosen, flags.unsandboxed), folder };
};

/* ----------------------------------------------------------------------- command line */

const oneOf = async (words: readonly string[], flags: JoinerFlags): Promise<Joiner> => {
  const { name, capability: capabilities, role = "worker" } = flags;
  if (flags.only !== undefined) throw usage("--only chooses among the agents of --from FILE");
  if (name === undefined || capabilities === undefined)
    throw usage("an agent has a --name and a --capability, or comes --from AGENTS.json");
  const known = ROLES.find((one) => one === role);
  if (known === undefined) throw usage(`--role takes ${ROLES.join(", ")}, not ${role}`);
  const unfit = capabilities.find((one) => capability.read(one) instanceof Mismatch);
  if (unfit !== undefined) throw usage(`${unfit} is no name of a capability`);
  const run = await runOf(words, flags);
  const price = parseAmount(flags.price ?? "0");
  if (price === undefined) throw usage(`--price takes credits such as 2.5, not ${flags.price}`);
  if (flags.price === undefined && role !== "verifier" && run.kind !== "module")
    throw usage("a worker needs --price");
  const etaMs = Number(flags.eta ?? ETA_DEFAULT_MS);
  if (!Number.isInteger(etaMs) || etaMs < 1) throw usage(`--eta takes ms, not ${flags.eta}`);
  return { name, role: known, capabilities, price, etaMs, run };
};

const runOf = async (words: readonly string[], flags: JoinerFlags): Promise<RunSpec> => {
  const [program, ...args] = words;
  const isProgram = flags.exec || flags.lines;
  const ways = [flags.exec, flags.lines, flags.module !== undefined, flags.http !== undefined];
  if (ways.filter(Boolean).length !== 1 || isProgram !== (program !== undefined))
    throw usage(
      "an agent is one of --exec CMD …, --lines CMD …, --module FILE, --http URL and --from AGENTS.json",
    );
  if (flags.http === undefined && (flags.health ?? flags.tokenEnv) !== undefined)
    throw usage("--health and --token-env are of --http");
  if (flags.http !== undefined) return serviceOf(flags.http, flags);
  if (flags.module !== undefined) return { kind: "module", path: resolve(flags.module) };
  if (findProgram(program!, process.cwd()) === undefined)
    throw usage(`no program ${program} that can be executed is here or in PATH`);
  const mode = flags.lines ? "lines" : "once";
  return { kind: "exec", command: [program!, ...args], mode, plans: false };
};

/** As `"run": {"http": …}` is read, with the same sentences. */
const serviceOf = async (http: string, { health, tokenEnv }: JoinerFlags): Promise<RunSpec> => {
  let wrong: CliError | undefined;
  const fields = new Fields({ http, health, tokenEnv }, (_, { sentence, remedy }) => {
    wrong ??= usage(`${sentence}; ${remedy}`);
  });
  const spec = await readHttp(fields, process.cwd());
  if (wrong !== undefined || spec === undefined) throw wrong ?? usage(`--http takes no ${http}`);
  return spec;
};

/* -------------------------------------------------------------------------- welcomes */

/** `--welcome`: the file of the one agent, or with `--from` a folder of NAME.json. Refuses with USAGE. */
export const welcomesIn = (
  path: string | undefined,
  names: readonly string[],
): ((name: string) => Welcome | undefined) => {
  if (path === undefined) return () => undefined;
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder && names.length > 1)
    throw usage("--welcome names a folder where there are several agents: it holds NAME.json");
  const fileOf = (name: string): string => (isFolder ? join(path, `${name}.json`) : path);
  const given = new Map(
    names.flatMap((name) => {
      const file = fileOf(name);
      // An agent without one may be known already; if not, it is told so.
      const isMissing = isFolder && statSync(file, { throwIfNoEntry: false }) === undefined;
      return isMissing ? [] : [[name, welcomeIn(file)] as const];
    }),
  );
  return (name) => given.get(name);
};

const welcomeIn = (file: string): Welcome => {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Welcome;
  } catch (error) {
    throw usage(`--welcome takes what \`canswarm welcome\` printed: ${(error as Error).message}`);
  }
};
