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
 *            behind is garbage soon, so little is gained by waiting once spaces are large; a small one
 *            would be collected twice a second, which took a seventh of a supervisor's CPU in a cluster.
 *
 * The first two are read when a process begins, so the process begins once more: same id, same files, same
 * arguments. The last is set as the process grows. Measured with bench/flood, all three: 1,064 MiB before,
 * 633 after 18,000 needs.
 */

const ARENAS = "MALLOC_ARENA_MAX";
const ARENAS_MAX = "2";
/** From so much resident memory on, MiB, an old space may grow by so much, in per cent, until collected. */
export const THRIFTY_FROM_MIB = 512;
const GROWTH_PERCENT = 40;
const GROWTH = "--heap-growing-percent";
/** 0: as V8 likes it. */
const ANY_GROWTH = 0;
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
  const args = [execPath, YOUNG, ...execArgv, ...argv.slice(1)];
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
  if (execArgv.some((arg) => arg.startsWith(GROWTH))) return;
  let percent = ANY_GROWTH;
  every(LOOK_MS, () => {
    const wanted = memoryUsage.rss() < THRIFTY_FROM_MIB * MIB ? ANY_GROWTH : GROWTH_PERCENT;
    if (wanted !== percent) set(`${GROWTH}=${wanted}`);
    percent = wanted;
  });
};
