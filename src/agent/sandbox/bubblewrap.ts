/**
 * Where `bwrap` is and in which way it works on this machine, found out by running something in it.
 *
 * Containers forbid some of what it needs, so the ways are tried from the strictest on.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { confine, type Way } from "./confine.ts";
import { GUEST_LIMITS } from "./limits.ts";
import { machineOf } from "./seccomp.ts";

/** Brought by `npm run setup:sandbox`; the same three steps up from src and from dist. */
export const TOOLS_FOLDER = fileURLToPath(new URL("../../../.cache/tools", import.meta.url));

/** A probe does next to nothing; one that takes longer than this hangs. */
const PROBE_MS_MAX = 5_000;
const WORD = "canswarm-probe";

export type T2State =
  | { readonly kind: "ready"; readonly way: Way; readonly version: string }
  | { readonly kind: "absent"; readonly why: string };

/** Runs `echo` as a guest; the last line of what went wrong where it fails. */
const tryWay = (way: Way): string | undefined => {
  const guest = { reads: [], hidden: [], cwd: undefined, limits: GUEST_LIMITS };
  const place = confine("/bin/sh", ["-c", `echo ${WORD}`], guest, way);
  if (place.kind === "failed") return place.detail;
  try {
    const [program, ...args] = place.command;
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: "/",
      env: {},
      encoding: "utf8",
      timeout: PROBE_MS_MAX,
      // The fourth is the gate's, where there is one.
      stdio: ["ignore", "pipe", "pipe", "ignore", ...place.files],
    });
    if (status === 0 && stdout.trim() === WORD) return undefined;
    return (stderr ?? "").trim().split("\n").at(-1) || `it ended with ${status ?? "a signal"}`;
  } finally {
    place.release();
  }
};

/** The first folder of PATH, or of every system, that has this program. */
const find = (name: string, folders: readonly string[] = []): string | undefined =>
  [...(process.env["PATH"] ?? "").split(delimiter), ...folders]
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

const waysOf = (bwrap: string): Way[] | string => {
  const isRoot = process.getuid?.() === 0;
  const setpriv = isRoot ? find("setpriv", ["/usr/bin"]) : undefined;
  if (isRoot && setpriv === undefined) return "a root needs setpriv (util-linux) for it";
  const shell = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
  return [true, false].map((hasProc) => ({ bwrap, setpriv, hasProc, shell }) as const);
};

const findOut = (): T2State => {
  const absent = (why: string): T2State => ({ kind: "absent", why });
  if (process.platform !== "linux") return absent("it needs Linux");
  if (machineOf(process.arch) === undefined)
    return absent(`there is no filter of system calls for ${process.arch}`);
  const bwrap = find("bwrap", [TOOLS_FOLDER]);
  if (bwrap === undefined) return absent("there is no bwrap (bubblewrap)");
  const { stdout } = spawnSync(bwrap, ["--version"], { encoding: "utf8", timeout: PROBE_MS_MAX });
  const version = /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
  if (version === undefined) return absent(`${bwrap} does not run`);
  const ways = waysOf(bwrap);
  if (typeof ways === "string") return absent(ways);
  let why = "";
  for (const way of ways) {
    const failure = tryWay(way);
    if (failure === undefined) return { kind: "ready", way, version };
    why = failure;
  }
  return absent(`${bwrap} cannot build a sandbox here: ${why}`);
};

let known: T2State | undefined;

/** Probed at the first call, for this thread. */
export const t2State = (): T2State => (known ??= findOut());
