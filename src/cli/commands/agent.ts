/** `canswarm agent`: a program of yours joins a running supervisor as an agent, from any machine. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { signerFromSeed } from "#envelope/keys.ts";
import type { HiredEvent } from "#agent/hired-agent.ts";
import { joinSwarm, type AgentRole, type Welcome } from "#agent/join.ts";
import { createRunner } from "#agent/runner/create.ts";
import { findProgram } from "#agent/runner/program.ts";
import type { RunSpec } from "#agent/runner/spec.ts";
import { KEYS_DIR_DEFAULT, seedOf } from "#agent/sdk/create.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { capability } from "#protocol/fields.ts";
import { Mismatch } from "#protocol/schema.ts";
import { CliError } from "../errors.ts";
import { parseAmount } from "../input/amount.ts";
import { stopOnSignals } from "../swarm/stop.ts";
import { apiOf, connectOptions, type ConnectFlags } from "../up/connect.ts";

interface AgentFlags extends ConnectFlags {
  readonly name: string;
  readonly role: string;
  readonly capability: readonly string[];
  readonly price?: string;
  readonly eta: string;
  readonly exec: boolean;
  readonly lines: boolean;
  readonly module?: string;
  readonly welcome?: string;
  readonly keys: string;
}

const ROLES = ["worker", "verifier", "both"];
const CLOSE_MS_MAX = 5_000;

const usage = (reason: string): CliError => new CliError("USAGE", { reason, command: "agent" });
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const specOf = (flags: AgentFlags, words: readonly string[]): RunSpec => {
  const [program, ...args] = words;
  if (flags.module !== undefined && program === undefined)
    return { kind: "module", path: resolve(flags.module) };
  if (flags.module !== undefined || program === undefined || flags.exec === flags.lines)
    throw usage("an agent is one of --exec CMD …, --lines CMD … and --module FILE");
  if (findProgram(program, process.cwd()) === undefined)
    throw usage(`no program ${program} that can be executed is here or in PATH`);
  const mode = flags.lines ? "lines" : "once";
  return { kind: "exec", command: [program, ...args], mode, plans: false };
};

const welcomeIn = (file: string | undefined): Welcome | undefined => {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Welcome;
  } catch (error) {
    throw usage(`--welcome takes what \`canswarm welcome\` printed: ${(error as Error).message}`);
  }
};

const eventText = (event: HiredEvent): string =>
  event.type === "failed"
    ? `${event.call} failed: ${event.code} ${event.detail}`
    : `${event.verb} was refused: ${event.code}`;

export const runAgent = async (words: readonly string[], flags: AgentFlags): Promise<void> => {
  const { name, role, capability: capabilities, keys } = flags;
  if (!ROLES.includes(role)) throw usage(`--role takes ${ROLES.join(", ")}, not ${role}`);
  const unfit = capabilities.find((one) => capability.read(one) instanceof Mismatch);
  if (unfit !== undefined) throw usage(`${unfit} is no name of a capability`);
  const run = specOf(flags, words);
  const price = parseAmount(flags.price ?? "0");
  if (price === undefined) throw usage(`--price takes credits such as 2.5, not ${flags.price}`);
  if (flags.price === undefined && role !== "verifier" && run.kind !== "module")
    throw usage("a worker needs --price");
  const etaMs = Number(flags.eta);
  if (!Number.isInteger(etaMs) || etaMs < 1) throw usage(`--eta takes ms, not ${flags.eta}`);
  const welcome = welcomeIn(flags.welcome);
  const signer = signerFromSeed(seedOf(name, keys));
  let isKnown = false;
  const joining = joinSwarm({
    api: apiOf(flags),
    signer,
    clock: systemClock(),
    name,
    role: role as AgentRole,
    capabilities,
    runner: createRunner(run, { cwd: process.cwd() }),
    price,
    etaMs,
    ...(welcome === undefined ? {} : { welcome }),
    onState: (state) => {
      if (state.kind === "cut") say(`cut off (${state.reason}); again in ${state.againMs} ms`);
      else if (isKnown) say("here again");
    },
    onEvent: (event) => say(eventText(event)),
  });
  stopOnSignals({
    process,
    say: (signal) => say(`${signal}: leaving`),
    close: async () => (await joining).close(),
    after: (delayMs, wake) => setTimeout(wake, delayMs),
    drain: { closeMsMax: CLOSE_MS_MAX },
  });
  await joining;
  isKnown = true;
  say(`${name} is here as ${role} for ${capabilities.join(", ")}: ${signer.did}`);
};

const collect = (one: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  one,
];

export const addAgent = (program: Command): void => {
  // Options after the agent's program are that program's, not ours.
  program.enablePositionalOptions();
  const agent = program
    .command("agent")
    .summary("join a running supervisor as an agent, from any machine, with a program of yours")
    .argument(
      "[command...]",
      "after --exec or --lines: the program and its arguments, all the rest",
    )
    .requiredOption("--name <name>", "what it is called; also the name of its key")
    .requiredOption("--capability <name>", "what it can do or judge; may be repeated", collect)
    .option("--role <role>", "worker, verifier or both", "worker")
    .option("--price <credits>", "what a worker asks for a need")
    .option("--eta <ms>", "what it promises with its price", "1000")
    .option("--exec", "a process for each call", false)
    .option("--lines", "one process, one JSON object a line", false)
    .option("--module <file>", "a module that exports work, judge, bid")
    .option("--welcome <file>", "what `canswarm welcome` printed, on the first start")
    .option("--keys <dir>", "folder of its key", KEYS_DIR_DEFAULT)
    .passThroughOptions()
    .addHelpText(
      "after",
      "\nExample:\n  canswarm agent --name doubler --capability double --price 0.5 --exec python3 doubler.py",
    );
  connectOptions(agent).action(runAgent);
};
