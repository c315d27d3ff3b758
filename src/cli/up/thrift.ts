/**
 * A supervisor process that gives memory back. As a process begins, its heaps are laid out for speed on a
 * machine that has nothing else to do; under a flood of needs that left half of what it held empty.
 *
 *   arenas   glibc gives threads that allocate at the same time heaps of their own, up to eight a core, and
 *            what is freed in one is not used by the others: buffers travel from thread to thread.
 *   young    V8 lets the young generation of the main thread grow to 96 MiB; nearly all that is in it is
 *            garbage. (Every other thread has a limit of its own.)
 *
 *   growth   V8 lets the old space of each thread grow up to fourfold before it collects. What needs leave
 *            behind is garbage soon, so little is gained by waiting once spaces are large. A small one is
 *            collected twice a second so: in a cluster, where that took a seventh of a supervisor's CPU,
 *            it grows as V8 likes it while the process is small.
 *
 * All are read when a process begins, so the process begins once more: same id, same files, same
 * arguments. Measured with bench/flood: 1,064 MiB before, 633 after 18,000 needs.
 */

const ARENAS = "MALLOC_ARENA_MAX";
const ARENAS_MAX = "2";
const GROWING = "--heap-growing-percent";
/** The old space may grow by so much, in per cent, before it is collected. */
const GROWTH = `${GROWING}=40`;
/** As V8 likes it. */
const ANY_GROWTH = `${GROWING}=0`;
/** Resident memory below which it does in a cluster, MiB. */
export const THRIFTY_FROM_MIB = 1_024;
/** Between two looks, ms. */
const LOOK_MS = 1_000;
const MIB = 1_048_576;
/** One of the three semi-spaces of a young generation, MiB. */
const YOUNG = "--max-semi-space-size=8";

export interface Replaceable {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void;
}

/** Does not return where the process is replaced. A setting of whoever runs it is left alone. */
export const beThrifty = (process: Replaceable): void => {
  const { env, execPath, execArgv, argv, execve } = process;
  if (execve === undefined || env[ARENAS] !== undefined) return;
  const args = [execPath, GROWTH, YOUNG, ...execArgv, ...argv.slice(1)];
  execve.call(process, execPath, args, { ...env, [ARENAS]: ARENAS_MAX });
};

export interface Growing {
  readonly execArgv: readonly string[];
  readonly memoryUsage: { readonly rss: () => number };
}

/** Looks at what is resident for as long as the process lives. A setting of whoever runs it is left alone. */
export const growByNeed = (
  { execArgv, memoryUsage }: Growing,
  set: (flag: string) => void,
  every: (ms: number, look: () => void) => void,
): void => {
  if (execArgv.some((arg) => arg.startsWith(GROWING) && arg !== GROWTH)) return;
  let growth = "";
  const look = (): void => {
    const wanted = memoryUsage.rss() < THRIFTY_FROM_MIB * MIB ? ANY_GROWTH : GROWTH;
    if (wanted !== growth) set(wanted);
    growth = wanted;
  };
  look();
  every(LOOK_MS, look);
};
