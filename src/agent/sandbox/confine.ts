/**
 * Confine: the command that runs a program as a guest of bubblewrap, and the open files it needs.
 *
 * C1  No network: a namespace of its own, with nothing in it.
 * C2  What a guest sees of our files is /usr, its own folder and what was named, all read-only. Folders
 *     that hold a swarm's data are covered, also where they lie in the guest's folder.
 * C3  What a guest can write is one small file system in memory; the root itself is read-only.
 * C4  Its processes are in a table of their own, end with the first, and end with us.
 * C5  Its environment is empty but for four names (a shell may add its level), and nothing is open but
 *     the three standard files.
 * C6  Its user is nobody's: where we are root, a number drawn for this guest alone, which owns nothing and
 *     whose processes the kernel counts; else ourselves in a user namespace that has no other user.
 */

import { randomInt, randomUUID } from "node:crypto";
import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { failed, type Failure } from "../runner/runner.ts";
import {
  FILE_BYTES_MAX,
  OPEN_FILES_MAX,
  PROCESSES_MAX,
  RESERVED_BYTES,
  TMP_BYTES_MAX,
  type GuestLimits,
} from "./limits.ts";
import { encode, filterFor, machineOf } from "./seccomp.ts";

/** How bubblewrap works on this machine (bubblewrap.ts finds it out). */
export interface Way {
  readonly bwrap: string;
  /**
   * `setpriv` of a root: it gives the guest its user, since limits on processes do not count for root.
   * Without it bubblewrap makes a user namespace.
   */
  readonly setpriv: string | undefined;
  /** A process table of its own can be shown; else it is shown none. */
  readonly hasProc: boolean;
  readonly shell: "/bin/bash" | "/bin/sh";
}

export interface Guest {
  /** Shown read-only and made the current folder; without it that is the private one. */
  readonly cwd: string | undefined;
  /** More files and folders to show, read-only, at their own paths. */
  readonly reads: readonly string[];
  /** Folders that no guest may see, wherever they lie. */
  readonly hidden: readonly string[];
  readonly limits: Pick<GuestLimits, "memoryBytes"> & {
    /** Of one guest that ends by itself; a persistent one is limited call by call. */
    readonly timeMs?: number;
  };
}

export interface Place {
  readonly kind: "place";
  readonly command: readonly [program: string, ...args: string[]];
  /** Descriptors that the command expects as 4, 5, … */
  readonly files: readonly number[];
  /** Close our copies, once the command was started or could not be. */
  readonly release: () => void;
}

const NOBODY = 65_534;
/** Users drawn for guests of root: far from people's, within what a machine or a container has. */
const GUEST_USERS = { wide: [1_900_000_000, 2_000_000_000], narrow: [40_000, 60_000] } as const;
/** The first descriptor after the standard ones and the gate's. */
const FILTER_FILE = "4";
/** Programs from outside /usr are shown here. */
const PROGRAMS = "/opt/guest";
const SYSTEM_LINKS = ["/bin", "/sbin", "/lib", "/lib64", "/lib32"];
const SYSTEM_FILES = ["/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"];
const DEVICES = ["/dev/null", "/dev/random", "/dev/urandom"];
const KIBIBYTE = 1024;
/** In which `ulimit -f` counts. */
const FILE_BLOCK_BYTES = { "/bin/bash": 1024, "/bin/sh": 512 };

/**
 * Runs inside, before the guest: the limits of the kernel, then nothing is left open. A limit that
 * cannot be set ends it. The kernel's killer of processes takes a guest before anybody else.
 */
const prelude = (way: Way, guest: Guest): string => {
  const { memoryBytes, timeMs } = guest.limits;
  const isBash = way.shell === "/bin/bash";
  const seconds = timeMs === undefined ? 0 : Math.ceil(timeMs / 1_000) * availableParallelism() + 1;
  const limits = [
    `${isBash ? "-u" : "-p"} ${PROCESSES_MAX}`,
    `-d ${Math.ceil((memoryBytes + RESERVED_BYTES) / KIBIBYTE)}`,
    `-f ${FILE_BYTES_MAX / FILE_BLOCK_BYTES[way.shell]}`,
    `-n ${OPEN_FILES_MAX}`,
    "-c 0",
    ...(seconds === 0 ? [] : [`-t ${seconds}`]),
  ];
  const last = isBash ? 254 : 9; // what each shell can name
  return [
    ...limits.map((limit) => `ulimit ${limit} || exit 126`),
    ...(way.hasProc ? ["echo 1000 >/proc/self/oom_score_adj"] : []),
    `n=3; while [ $n -le ${last} ]; do eval "exec $n<&-"; n=$((n+1)); done`, // C5
    'exec "$@"',
  ].join("\n");
};

const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith("../"));
};

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};

/** Folders in which more lies than one program: a guest is not shown them whole. */
const isTooWide = (folder: string): boolean =>
  ["/", "/tmp", "/home", "/etc", "/var", "/run", "/proc", "/sys", "/dev", real(homedir())].includes(
    folder,
  );

/** The filter as an open file that has no name any more. */
const filterFile = (): number => {
  const machine = machineOf(process.arch);
  if (machine === undefined) throw new Error(`no filter of system calls for ${process.arch}`);
  const path = join(tmpdir(), `canswarm-filter-${randomUUID()}`);
  writeFileSync(path, encode(filterFor(machine)), { flag: "wx", mode: 0o600 });
  try {
    return openSync(path, "r");
  } finally {
    unlinkSync(path);
  }
};

const systemArguments = (way: Way): string[] => [
  ...["/dev", "/etc", "/opt"].flatMap((path) => ["--dir", path]),
  "--ro-bind",
  "/usr",
  "/usr",
  ...SYSTEM_LINKS.flatMap((path) => {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return [];
    return facts.isSymbolicLink()
      ? ["--symlink", readlinkSync(path), path]
      : ["--ro-bind", path, path];
  }),
  ...SYSTEM_FILES.flatMap((path) => ["--ro-bind-try", path, path]),
  ...DEVICES.flatMap((path) => ["--dev-bind", path, path]),
  ...(way.hasProc ? ["--proc", "/proc"] : []),
  ...["fd", "stdin", "stdout", "stderr"].flatMap((name, n) => [
    "--symlink",
    n === 0 ? "/proc/self/fd" : `/proc/self/fd/${n - 1}`,
    `/dev/${name}`,
  ]),
  "--size", // C3
  String(TMP_BYTES_MAX),
  "--perms",
  "1777",
  "--tmpfs",
  "/tmp",
];

/** Whether every number is a user here, or only those of a container. */
const hasAllUsers = (): boolean =>
  /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "utf8"));

const namespaceArguments = (way: Way): string[] => [
  ...["ipc", "pid", "net", "uts"].map((name) => `--unshare-${name}`), // C1, C4
  ..."--unshare-cgroup-try --hostname guest --cap-drop ALL".split(" "),
  ...(way.setpriv === undefined
    ? `--unshare-user --uid ${NOBODY} --gid ${NOBODY}`
    : "--cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP"
  ).split(" "),
  ..."--new-session --die-with-parent --clearenv".split(" "),
];

/** C6: what comes between bubblewrap and the guest where we are root. */
const userArguments = ({ setpriv }: Way): string[] => {
  if (setpriv === undefined) return [];
  const [from, to] = hasAllUsers() ? GUEST_USERS.wide : GUEST_USERS.narrow;
  const user = randomInt(from, to);
  const drop = "--clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs --";
  return [setpriv, `--reuid=${user}`, `--regid=${user}`, ...drop.split(" ")];
};

const environment = (cwd: string): readonly (readonly [string, string])[] => [
  ["PATH", `${PROGRAMS}:/usr/local/bin:/usr/bin:/bin`],
  ["HOME", "/tmp"],
  ["LANG", "C.UTF-8"],
  ["PWD", cwd],
];

/** Every folder on the way to a path, the outermost first: made by hand, they can be passed by all. */
const parentsOf = (path: string): string[] => {
  const parent = dirname(path);
  return parent === "/" ? [] : [...parentsOf(parent), parent];
};

/** What is shown of our own files, and where the program is then. */
const shown = (program: string, guest: Guest) => {
  const args: string[] = [];
  const show = (from: string, to: string): void => {
    args.push(...parentsOf(to).flatMap((folder) => ["--dir", folder]), "--ro-bind", real(from), to);
  };
  const folders = foldersOf(guest);
  for (const folder of folders) show(folder, folder);
  // C2: over what was just shown.
  const covered = guest.hidden
    .map(real)
    .flatMap((hidden) =>
      folders
        .filter((folder) => isWithin(real(folder), hidden))
        .map((folder) => join(folder, relative(real(folder), hidden))),
    );
  for (const path of covered) args.push("--size", "4096", "--tmpfs", path, "--remount-ro", path);
  const isSeen = (path: string): boolean =>
    ["/usr", ...folders].some((folder) => isWithin(real(folder), real(path)));
  const known = `${PROGRAMS}/${basename(program)}`;
  if (!isSeen(program)) show(program, known);
  if (!isSeen(process.execPath) && known !== `${PROGRAMS}/node`)
    show(process.execPath, `${PROGRAMS}/node`);
  return { args, program: isSeen(program) ? program : known };
};

const foldersOf = ({ cwd, reads }: Guest): string[] => [
  ...(cwd === undefined ? [] : [cwd]),
  ...reads,
];

/** The command for one guest. A failure says what cannot be shown; nothing is open after it. */
export const confine = (
  program: string,
  args: readonly string[],
  guest: Guest,
  way: Way,
): Place | Failure => {
  const wide = foldersOf(guest).find(
    (folder) =>
      isTooWide(real(folder)) || guest.hidden.some((one) => isWithin(real(one), real(folder))),
  );
  if (wide !== undefined)
    return failed("SPAWN", `${wide} is no folder that a guest of the sandbox may see`);
  let filter: number;
  try {
    filter = filterFile();
  } catch (error) {
    return failed("SPAWN", `its sandbox could not be prepared: ${(error as Error).message}`);
  }
  const own = shown(program, guest);
  const cwd = guest.cwd ?? "/tmp";
  return {
    kind: "place",
    command: [
      way.bwrap,
      ...namespaceArguments(way),
      ...environment(cwd).flatMap(([name, value]) => ["--setenv", name, value]),
      ...systemArguments(way),
      ...own.args,
      "--remount-ro", // C3
      "/",
      "--seccomp",
      FILTER_FILE,
      "--chdir",
      cwd,
      "--",
      ...userArguments(way),
      way.shell,
      "-c",
      prelude(way, guest),
      "guest",
      own.program,
      ...args,
    ],
    files: [filter],
    release: () => closeSync(filter),
  };
};
