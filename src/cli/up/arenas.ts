/**
 * The C library's memory, bounded. glibc gives threads that allocate at the same time heaps ("arenas") of
 * their own, up to eight a core, and what is freed in one is not used by the others: buffers that go from
 * thread to thread left 300 to 500 MiB of a flooded supervisor resident and empty. Two arenas keep that
 * to a few MiB, at no cost in needs per second that could be measured (bench/flood).
 *
 * The C library reads the setting when a process begins, so the process begins once more: same id, same
 * files, same arguments.
 */

const SETTING = "MALLOC_ARENA_MAX";
const ARENAS = "2";

export interface Replaceable {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly report: { getReport(): object };
  readonly execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void;
}

const hasGlibc = (process: Replaceable): boolean => {
  const { header } = process.report.getReport() as {
    readonly header?: { readonly glibcVersionRuntime?: string };
  };
  return header?.glibcVersionRuntime !== undefined;
};

/** Does not return where the process is replaced. Another setting of whoever runs it is left alone. */
export const takeFewArenas = (process: Replaceable): void => {
  const { env, execPath, execArgv, argv, execve } = process;
  if (execve === undefined || env[SETTING] !== undefined || !hasGlibc(process)) return;
  const args = [execPath, ...execArgv, ...argv.slice(1)];
  execve.call(process, execPath, args, { ...env, [SETTING]: ARENAS });
};
