/**
 * Confine: the command that runs a program as a guest of bubblewrap, and the open files it needs.
 *
 * C1  No network: a namespace of its own, with nothing in it.
 * C2  What a guest sees of our files is /usr, its own folder and what was named, all read-only. Folders
 *     that hold a swarm's data are covered, also where they lie in the guest's folder.
 * C3  What a guest can write is one small file system in memory; the root itself is read-only.
 * C4  Its processes are in a table of their own, end with the first, and end with us.
 * C5  Its environment is empty but for four names, and nothing is open but the three standard files.
 * C6  Our own folders and program files are opened by us and handed over, so the guest's user needs no
 *     way to them.
 */

import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
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
  /** We are root: the guest gets a user that owns nothing. */
  readonly asNobody: boolean;
  /** A process table of its own can be shown; else it is shown none. */
  readonly hasProc: boolean;
  readonly bindsByFile: boolean;
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
  /** Descriptors that the command expects as 4, 5, …; */
  readonly files: readonly number[];
  readonly ids: { readonly uid?: number; readonly gid?: number };
  /** Close our copies, once the command was started or could not be. */
  readonly release: () => void;
}

const NOBODY = 65_534;
const FIRST_FILE = 4;
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

class Files {
  readonly open: number[] = [];

  /** The number under which the guest's builder will know it. */
  add(descriptor: number): string {
    this.open.push(descriptor);
    return String(FIRST_FILE + this.open.length - 1);
  }

  readonly release = (): void => {
    for (const descriptor of this.open.splice(0)) closeSync(descriptor);
  };
}

const systemArguments = (way: Way): string[] => [
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

const namespaceArguments: readonly string[] = [
  ...["user", "ipc", "pid", "net", "uts"].map((name) => `--unshare-${name}`), // C1, C4
  "--unshare-cgroup-try",
  ...["--uid", String(NOBODY), "--gid", String(NOBODY), "--hostname", "guest"],
  ...["--cap-drop", "ALL", "--new-session", "--die-with-parent", "--clearenv"],
];

const environment = (cwd: string): readonly (readonly [string, string])[] => [
  ["PATH", `${PROGRAMS}:/usr/local/bin:/usr/bin:/bin`],
  ["HOME", "/tmp"],
  ["LANG", "C.UTF-8"],
  ["PWD", cwd],
];

/** What is shown of our own files, and where the program is then. */
const shown = (program: string, guest: Guest, way: Way, files: Files) => {
  const args: string[] = [];
  const show = (from: string, to: string): void => {
    const source = real(from);
    if (!way.bindsByFile) args.push("--ro-bind", source, to);
    else args.push("--ro-bind-fd", files.add(openSync(source, constants.O_RDONLY)), to); // C6
  };
  const folders = [...(guest.cwd === undefined ? [] : [guest.cwd]), ...guest.reads];
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

/** The command for one guest. A failure says what cannot be shown; nothing is open after it. */
export const confine = (
  program: string,
  args: readonly string[],
  guest: Guest,
  way: Way,
): Place | Failure => {
  const folders = [...(guest.cwd === undefined ? [] : [guest.cwd]), ...guest.reads];
  const wide = folders.find(
    (folder) =>
      isTooWide(real(folder)) || guest.hidden.some((one) => isWithin(real(one), real(folder))),
  );
  if (wide !== undefined)
    return failed("SPAWN", `${wide} is no folder that a guest of the sandbox may see`);
  const files = new Files();
  try {
    const filter = files.add(filterFile());
    const bwrap = files.add(openSync(way.bwrap, "r"));
    const own = shown(program, guest, way, files);
    const cwd = guest.cwd ?? "/tmp";
    const command = [
      `/proc/self/fd/${bwrap}`,
      ...namespaceArguments,
      ...environment(cwd).flatMap(([name, value]) => ["--setenv", name, value]),
      ...systemArguments(way),
      ...own.args,
      ...["--remount-ro", "/", "--seccomp", filter, "--chdir", cwd, "--"], // C3
      ...[way.shell, "-c", prelude(way, guest), "guest", own.program, ...args],
    ] as const;
    const ids = way.asNobody ? { uid: NOBODY, gid: NOBODY } : {};
    return { kind: "place", command, files: files.open, ids, release: files.release };
  } catch (error) {
    files.release();
    return failed("SPAWN", `its sandbox could not be prepared: ${(error as Error).message}`);
  }
};
