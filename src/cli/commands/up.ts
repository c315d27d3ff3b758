/** `canswarm up`: the supervisor process. It takes needs and agents over HTTP until it is stopped. */

import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import { DRAIN_MS_MAX } from "#gateway/limits.ts";
import { CliError, printError } from "../errors.ts";
import { agentsIn } from "../input/inputs.ts";
import { sandboxed } from "../input/sandbox.ts";
import { loadSettings } from "../settings.ts";
import { quoted, type Restart } from "../summary-text.ts";
import { parseFault } from "../swarm/fault.ts";
import { checkFolder, markForFaults } from "../swarm/folder.ts";
import { newsTeller } from "../swarm/news.ts";
import { folderFor, rulesFor } from "../swarm/open.ts";
import { stopOnSignals } from "../swarm/stop.ts";
import { Supervisor } from "../up/supervisor.ts";
import { beThrifty, growByNeed } from "../up/thrift.ts";
import { DATA_DEFAULT, HOST_DEFAULT, PORT_DEFAULT } from "../up/defaults.ts";

interface UpFlags {
  readonly agents?: string;
  readonly data: string;
  readonly host: string;
  readonly port: string;
  readonly config?: string;
  readonly fault?: string;
  readonly json: boolean;
  /** Run untrusted agents without a sandbox where there is none. */
  readonly unsandboxed: boolean;
}

/** Beside what the gateway waits for: hosts finish what is queued, programs are stopped. */
const CLOSE_MS_MAX = DRAIN_MS_MAX + 5_000;
const PORT_MAX = 65_535;

const portOf = (text: string): number => {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port;
  const reason = `--port takes a number from 0 to ${PORT_MAX}, not ${text}`;
  throw new CliError("USAGE", { reason, command: "up" });
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);

export const up = async (flags: UpFlags): Promise<void> => {
  const { data: dir, host } = flags;
  const port = portOf(flags.port);
  const settings = await loadSettings(flags.config);
  if (settings.cluster !== undefined)
    growByNeed(process, setFlagsFromString, (ms, look) => setInterval(look, ms).unref());
  const fault = flags.fault === undefined ? undefined : parseFault(flags.fault);
  checkFolder(dir);
  const { agents: found, folder: programs } =
    flags.agents === undefined
      ? { agents: [], folder: process.cwd() }
      : await agentsIn(flags.agents, await rulesFor(dir, settings));
  const agents = sandboxed(found, flags.unsandboxed);
  if (fault !== undefined) markForFaults(dir);
  const restarts: Restart[] = [];
  const opening = Supervisor.open({
    folder: await folderFor(dir, settings, Date.now()),
    settings,
    agents,
    programs,
    host,
    port,
    warn: say,
    onNews: newsTeller(say, restarts),
    onHalt: (reason) => {
      process.exit(printError(new CliError("SUPERVISOR_HALTED", { reason }), { json: false }));
    },
    ...(fault?.thread === undefined ? {} : { fault: fault.thread }),
    ...(fault?.believe === undefined ? {} : { believe: fault.believe }),
  });
  const { isStopping, release } = stopOnSignals({
    process,
    say: (signal) => say(`${signal}: answering what was begun, then closing`),
    close: async () => (await opening).drain(),
    after: (delayMs, wake) => setTimeout(wake, delayMs),
    drain: { closeMsMax: CLOSE_MS_MAX },
  });
  try {
    const { url } = await opening;
    if (isStopping()) return;
    const ready = { url, pid: process.pid, data: dir, token: join(dir, "token") };
    process.stdout.write(flags.json ? `${JSON.stringify(ready)}\n` : readyText(ready));
  } catch (error) {
    release();
    throw error;
  }
};

interface Ready {
  readonly url: string;
  readonly pid: number;
  readonly data: string;
  readonly token: string;
}

const readyText = ({ url, pid, data, token }: Ready): string =>
  [
    `canswarm is up at ${url} (process ${pid}), its data in ${data}`,
    `  the swarm live   ${url}/`,
    `  the API          ${url}/openapi.json`,
    `  post a need      canswarm need post --capability NAME --input '{"n": 1}' --bounty 1`,
    `  join as an agent canswarm agent --name NAME --capability NAME --exec CMD …`,
    `  the token        ${quoted(token)}, for whatever writes`,
    `  stop             Ctrl-C, or kill ${pid}: it drains, and goes on when started again`,
    "",
  ].join("\n");

export const addUp = (program: Command): void => {
  program
    .command("up")
    .summary("the supervisor process: takes needs and agents over HTTP until it is stopped")
    .option("--agents <file>", "AGENTS.json: agents that this process runs itself")
    .option("--data <dir>", "data folder; made where there is none", DATA_DEFAULT)
    .option("--port <n>", "port to listen on; 0 takes any that is free", String(PORT_DEFAULT))
    .option(
      "--host <address>",
      "address to listen on; others than loopback want a proxy",
      HOST_DEFAULT,
    )
    .option("--config <file>", "another supervisor.config.ts")
    .option(
      "--fault <fault>",
      "make thread 0 fail at its N-th turn: thread:throw@N, thread:exit@N, thread:oom@N; " +
        "in a cluster leader:believe@BUCKET",
    )
    .option("--unsandboxed", "run untrusted agents with all your rights, without a sandbox", false)
    .option("--json", "print one JSON line when it is ready", false)
    .addHelpText("after", "\nExample:\n  canswarm up --agents AGENTS.json --data ./market")
    .action((flags: UpFlags) => {
      beThrifty(process);
      return up(flags);
    });
};
