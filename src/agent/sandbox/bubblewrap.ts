/**
 * Where `bwrap` is and in which way it works on this machine, found out by running something in it.
 *
 * Containers forbid some of what it needs, so the ways are tried from the strictest on: as another
 * user where we are root (limits on processes do not count for root), with a process table of its own.
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

const candidates = (): string[] => [
  ...(process.env["PATH"] ?? "")
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, "bwrap")),
  join(TOOLS_FOLDER, "bwrap"),
];

/** Runs `echo` as a guest; the last line of what went wrong where it fails. */
const tryWay = (way: Way): string | undefined => {
  const guest = { reads: [], hidden: [], cwd: undefined, limits: GUEST_LIMITS };
  const place = confine("/bin/sh", ["-c", `echo ${WORD}`], guest, way);
  if (place.kind === "failed") return place.detail;
  try {
    const [program, ...args] = place.command;
    const { status, stdout, stderr } = spawnSync(program, args, {
      ...place.ids,
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

const waysOf = (bwrap: string, help: string): Way[] => {
  const isRoot = process.getuid?.() === 0;
  const shell = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
  const bindsByFile = help.includes("--ro-bind-fd");
  return (isRoot ? [true, false] : [false]).flatMap((asNobody) =>
    [true, false].map((hasProc) => ({ bwrap, asNobody, hasProc, bindsByFile, shell }) as const),
  );
};

const findOut = (): T2State => {
  if (process.platform !== "linux") return { kind: "absent", why: "it needs Linux" };
  if (machineOf(process.arch) === undefined)
    return { kind: "absent", why: `there is no filter of system calls for ${process.arch}` };
  let why = "there is no bwrap (bubblewrap)";
  for (const bwrap of candidates().filter((path) => existsSync(path))) {
    const run = (flag: string) =>
      spawnSync(bwrap, [flag], { encoding: "utf8", timeout: PROBE_MS_MAX });
    const { status, stdout } = run("--version");
    const version = /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
    if (status !== 0 || version === undefined) {
      why = `${bwrap} does not run`;
      continue;
    }
    const { stdout: help } = run("--help");
    for (const way of waysOf(bwrap, help)) {
      const failure = tryWay(way);
      if (failure === undefined) return { kind: "ready", way, version };
      why = `${bwrap} cannot build a sandbox here: ${failure}`;
    }
  }
  return { kind: "absent", why };
};

let known: T2State | undefined;

/** Probed at the first call, for this thread. */
export const t2State = (): T2State => (known ??= findOut());
