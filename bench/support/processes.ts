/** Servers and programs that a bench starts: on loopback, on free ports, ended by their own process. */

import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";

const READY_MS_MAX = 60_000;
const LOOK_EVERY_MS = 20;
/** After this long a server that was asked to end is killed. */
const STOP_MS_MAX = 10_000;
/** Of what a server says, kept to be told when it does not start. */
const SAID_CHARACTERS_MAX = 2_000;

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const told = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => told(true)).once("error", () => told(false));
  });

/** Throws `what` when it is not so in time. */
export const until = async (isSo: () => Promise<boolean>, what: () => string): Promise<void> => {
  const endMs = performance.now() + READY_MS_MAX;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(what());
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
};

/** Ended by leaving the scope or the stack that it is used in. */
export type Running = AsyncDisposable;

export interface ServerOptions extends Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid"> {
  readonly command: string;
  readonly args: readonly string[];
  /** It is ready when all of these answer. */
  readonly ports: readonly number[];
  /** How this server is asked to end at once. */
  readonly signal?: NodeJS.Signals;
}

let isEndedBySignals = false;

/** A signal would end this process without its `exit`, which is what ends the servers. */
const endBySignals = (): void => {
  if (isEndedBySignals) return;
  isEndedBySignals = true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(1));
};

/** Resolves when all ports answer; rejects with the server's own last words when it ends before. */
export const startServer = async (options: ServerOptions): Promise<Running> => {
  const { command, args, ports, signal = "SIGTERM", ...how } = options;
  endBySignals();
  const child = spawn(command, args, { ...how, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit").catch(() => []);
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  let said = "";
  let failed: Error | undefined;
  child.on("error", (error) => (failed = error));
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => {
      said = (said + text.toString()).slice(-SAID_CHARACTERS_MAX);
    });
  const stop = async (): Promise<void> => {
    if (isUp(child)) {
      child.kill(signal);
      const late = setTimeout(kill, STOP_MS_MAX);
      await ended;
      clearTimeout(late);
    }
    process.off("exit", kill);
  };
  const everyPort = async (): Promise<boolean> => {
    if (failed !== undefined) throw failed;
    if (!isUp(child)) throw new Error(`${command} ended: ${said.trim()}`);
    return (await Promise.all(ports.map(answers))).every(Boolean);
  };
  try {
    await until(everyPort, () => `${command} is not ready: ${said.trim()}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
};

const isUp = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;

/** What a program prints to standard output; rejects where it does not end with 0. */
export const outputOf = async (
  command: string,
  args: readonly string[],
  { timeoutMs, ...how }: Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid"> & { timeoutMs: number },
): Promise<string> => {
  const child = spawn(command, args, {
    ...how,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  let [out, said] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => {
    said = (said + text.toString()).slice(-SAID_CHARACTERS_MAX);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code === 0) return out;
  throw new Error(`${command} ended with ${code ?? signal}: ${said.trim()}`);
};
