/**
 * Guardian: a small shell that outlives us by an instant and takes our agents' programs with it.
 *
 * A supervisor that is killed cannot clean up, and a child does not die with its parent by itself. So
 * one shell per thread of ours reads the process groups to guard from a pipe. However we end, the kernel
 * closes our end of that pipe, and the shell kills every group still on its list.
 *
 * U1  A program runs no instruction of its own before its group is on the list: it is started behind a
 *     gate, a shell that waits for one word from us, which is only written after the guardian was told,
 *     and that ends if we end first.
 * U2  A guardian that dies is replaced at once and told the whole list again.
 *
 * Not covered: a process that has left its group for another session and lost its parent, and the
 * instant in which guardian and supervisor are killed together. Who needs that runs agents in a container.
 */

import { spawn, type ChildProcess } from "node:child_process";
import type { Writable } from "node:stream";

export const SHELL = "/bin/sh";

const GUARDIAN_SCRIPT = `trap '' INT TERM HUP QUIT
groups=' '
while read -r word group; do
  case $word in
    guard) case $groups in *" $group "*) ;; *) groups="$groups$group " ;; esac ;;
    release) case $groups in *" $group "*)
      groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done`;

/** Waits on descriptor 3 for the word, closes it and becomes the program: same pid, same group. */
export const GATE_SCRIPT = `IFS= read -r word <&3 || exit 125
[ "$word" = go ] || exit 125
exec 3<&-
exec "$@"`;
export const GATE_WORD = "go\n";

const guarded = new Set<number>();
let guardian: ChildProcess | undefined;

/** Throws where no process can be started at all. */
const startGuardian = (): Writable => {
  const child = spawn(SHELL, ["-c", GUARDIAN_SCRIPT, "canswarm-guardian"], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // a terminal's Ctrl-C must not reach it
    cwd: "/",
  });
  const lost = (): void => {
    if (guardian === child) guardian = undefined;
    if (guarded.size === 0) return;
    try {
      startGuardian(); // U2
    } catch {
      // No process can be started now; the next program that is, or is not, will tell.
    }
  };
  child.on("error", () => undefined); // thrown below, or told by the exit
  if (child.pid === undefined) throw new Error(`${SHELL} cannot be started`);
  child.stdin.on("error", () => undefined); // its exit event says the same
  child.unref();
  // The pipe must not keep our event loop alive either; a process's stdin is a socket here.
  (child.stdin as Writable & { unref?: () => void }).unref?.();
  child.once("exit", lost);
  guardian = child;
  for (const group of guarded) child.stdin.write(`guard ${group}\n`);
  return child.stdin;
};

/** Resolves once the guardian will kill this group should we end; rejects where there can be none. */
export const guard = (group: number): Promise<void> =>
  new Promise((resolve) => {
    guarded.add(group);
    const pipe = guardian?.stdin ?? startGuardian();
    // An error means that the guardian died, and its successor is told the whole list.
    pipe.write(`guard ${group}\n`, () => resolve());
  });

/** The group is empty: it must never be killed again, its number may come back. */
export const release = (group: number): void => {
  if (guarded.delete(group)) guardian?.stdin?.write(`release ${group}\n`);
};

/** The guardian's pid, for tests and `canswarm doctor`. */
export const guardianPid = (): number | undefined => guardian?.pid;
