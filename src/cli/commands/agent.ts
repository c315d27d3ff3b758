/** `canswarm agent`: programs, services and models of yours join a running swarm, from any machine. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { httpDoor } from "#agent/http/door.ts";
import { natsDoor } from "#agent/nats/door.ts";
import { KEYS_DIR_DEFAULT } from "#agent/sdk/create.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { joinersOf, welcomesIn, type JoinerFlags } from "../input/joiners.ts";
import { stopOnSignals } from "../swarm/stop.ts";
import { apiOf, connectOptions, type ConnectFlags } from "../up/connect.ts";
import { joinAll, type JoiningOptions } from "../up/joining.ts";
import { natsOptions, natsPlaceOf, type NatsFlags } from "../up/nats-place.ts";

interface AgentFlags extends ConnectFlags, NatsFlags, JoinerFlags {
  readonly keys: string;
}

const CLOSE_MS_MAX = 5_000;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const doorsOf = (flags: AgentFlags): JoiningOptions["doorOf"] => {
  const place = natsPlaceOf(flags);
  const clock = systemClock();
  if (place !== undefined)
    return (signer, onState) => natsDoor({ ...place, signer, clock, onState });
  const api = apiOf(flags);
  return async (signer, onState) => httpDoor({ api, signer, clock, onState });
};

export const runAgent = async (words: readonly string[], flags: AgentFlags): Promise<void> => {
  const { keys, data } = flags;
  const { joiners, folder } = await joinersOf(words, flags);
  const names = joiners.map(({ name }) => name);
  const welcomeOf = welcomesIn(flags.welcome, names);
  const hidden = [resolve(data)];
  const doorOf = doorsOf(flags);
  const joined = joinAll({ doorOf, joiners, folder, keys, hidden, welcomeOf, say });
  const { isStopping, release } = stopOnSignals({
    process,
    say: (signal) => say(`${signal}: leaving`),
    close: joined.close,
    after: (delayMs, wake) => setTimeout(wake, delayMs),
    drain: { closeMsMax: CLOSE_MS_MAX },
  });
  try {
    await joined.ready;
  } catch (error) {
    if (isStopping()) return;
    release();
    throw error;
  }
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
    .summary("join a running swarm as an agent, from any machine, with a program of yours")
    .argument(
      "[command...]",
      "after --exec or --lines: the program and its arguments, all the rest",
    )
    .option("--from <file>", "AGENTS.json: join its agents, each under a key of its own")
    .option("--only <name>", "of --from: this agent alone; may be repeated", collect)
    .option("--name <name>", "what it is called; also the name of its key")
    .option("--capability <name>", "what it can do or judge; may be repeated", collect)
    .option("--role <role>", "worker, verifier or both (default: worker)")
    .option("--price <credits>", "what a worker asks for a need")
    .option("--eta <ms>", "what it promises with its price (default: 1000)")
    .option("--exec", "a process for each call", false)
    .option("--lines", "one process, one JSON object a line", false)
    .option("--module <file>", "a module that exports work, judge, bid")
    .option("--http <url>", "a service: one POST for each call")
    .option("--health <path>", "of --http: a GET here that succeeds is a sign of life")
    .option("--token-env <name>", "of --http: the variable that holds the service's token")
    .option(
      "--welcome <file>",
      "what `canswarm welcome` printed; with --from a folder of NAME.json",
    )
    .option("--keys <dir>", "folder of its key", KEYS_DIR_DEFAULT)
    .option("--unsandboxed", "run untrusted agents with all your rights, without a sandbox", false)
    .passThroughOptions()
    .addHelpText(
      "after",
      "\nExample:\n" +
        "  canswarm agent --name doubler --capability double --price 0.5 --exec python3 doubler.py" +
        "\n  canswarm agent --from AGENTS.json --only doubler" +
        "\n  canswarm agent --nats nats://10.0.0.1:4222 --welcome doubler.json --name doubler …",
    );
  natsOptions(connectOptions(agent)).action(runAgent);
};
