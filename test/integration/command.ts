/** Real processes of the command line: started, watched, killed by pid alone. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** A command that has not ended by then has hung. */
const HUNG_MS = 80_000;
const POLL_MS = 5;

export interface Summary {
  readonly needs: number;
  readonly finalized: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly credits: {
    readonly balances: Readonly<Record<string, string>>;
    readonly burned: string;
    readonly conserved: boolean;
  };
  readonly agents: readonly {
    readonly name: string;
    readonly did: string;
    readonly won: number;
    readonly finalized: number;
    readonly earned: string;
    readonly slashed: string;
    readonly events: Readonly<Record<string, number>>;
  }[];
  readonly tasks: readonly {
    readonly id: string;
    readonly need: string;
    readonly outcome: string;
    readonly worker?: string;
    readonly price?: string;
    readonly output?: unknown;
    readonly attempts: number;
    readonly refused?: { readonly code: string };
  }[];
  readonly restarts: readonly { readonly host: number; readonly reason: string }[];
  readonly stateHash: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  /** `within`: the words of a command that becomes the one that stands behind them. */
  constructor(
    args: readonly string[],
    env = process.env,
    hungMs = HUNG_MS,
    within: readonly string[] = [],
  ) {
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const [program = "", ...words] = [...within, process.execPath, MAIN, ...args];
    this.child = spawn(program, words, { stdio: [...stdio], env });
    const end = (): void => void this.child.kill("SIGKILL");
    process.once("exit", end); // a test that gave up leaves nothing behind
    const hung = setTimeout(end, hungMs);
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) =>
      this.child.on("close", (code, signal) => {
        clearTimeout(hung);
        process.off("exit", end);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      }),
    );
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("the command did not start");
    return this.child.pid;
  }
}

export const canswarm = (...args: readonly string[]): Running => new Running(args);
export const canswarmIn = (env: NodeJS.ProcessEnv, ...args: readonly string[]): Running =>
  new Running(args, env);

/** `canswarm run … --json` to its end; throws with its standard error where it failed. */
export const runToEnd = async (args: readonly string[]): Promise<Summary & { stderr: string }> => {
  const { code, signal, stdout, stderr } = await canswarm("run", ...args, "--json").ended;
  if (code !== 0) throw new Error(`exit ${String(code ?? signal)}\n${stderr}`);
  return { ...summaryOf(stdout), stderr };
};

export const summaryOf = (stdout: string): Summary =>
  JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Summary;

/** Waits until `holds`; throws with `what` after `timeoutMs`. */
export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> => {
  const endMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/** Every descendant of a process, nearest first. */
export const descendants = (pid: number): number[] => {
  const found = childrenOf(pid);
  return [...found, ...found.flatMap(descendants)];
};

const childrenOf = (pid: number): number[] => {
  if (process.platform !== "linux") {
    const table = execFileSync("ps", ["-Ao", "pid=,ppid="], { encoding: "utf8" });
    return table.split("\n").flatMap((line) => {
      const [child, parent] = line.trim().split(/\s+/).map(Number);
      return parent === pid && child !== undefined ? [child] : [];
    });
  }
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
        .split(" ")
        .filter((text) => text !== "")
        .map(Number),
    );
  } catch {
    return [];
  }
};

/** Signal 0 asks only; a zombie counts as gone. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

/** Whoever runs the folder, as its pid file says. */
export const supervisorOf = (dir: string): number | undefined => {
  const path = join(dir, "supervisor.pid");
  if (!existsSync(path)) return undefined;
  const pid = Number(readFileSync(path, "utf8"));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
};
