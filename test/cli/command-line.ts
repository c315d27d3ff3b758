/** The command as a person starts it: a process of its own, waited for until its pipes are closed. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = `${ROOT}src/cli/main.ts`;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export const ended = (
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let out = "";
    let err = "";
    child.stdout.on("data", (part: Buffer) => (out += part.toString()));
    child.stderr.on("data", (part: Buffer) => (err += part.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });

/** `canswarm ARGS` from the sources. */
export const canswarm = (args: readonly string[], cwd = ROOT): Promise<Ended> =>
  ended(process.execPath, [MAIN, ...args], { cwd });

/** The last line of standard output, as JSON. */
export const lastJson = <T>({ out }: Ended): T =>
  JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as T;
