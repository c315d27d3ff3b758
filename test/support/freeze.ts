/** A process that is stopped where it stands, as one whose machine has frozen. */

import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A signal that has no effect by then never will, ms. */
const STOPPED_MS_MAX = 2_000;

const isStopped = (pid: number): boolean => {
  try {
    return readdirSync(`/proc/${pid}/task`).every((task) => {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8");
      return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
    });
  } catch {
    // A thread has ended between the two looks.
    return false;
  }
};

/** Returns when no thread of it runs any more: on busy cores it may answer for a while after the signal. */
export const freeze = (child: ChildProcess | undefined): void => {
  if (child?.pid === undefined) return;
  child.kill("SIGSTOP");
  if (process.platform !== "linux") return;
  const endMs = performance.now() + STOPPED_MS_MAX;
  while (!isStopped(child.pid))
    if (performance.now() > endMs) throw new Error(`process ${child.pid} does not stop`);
};
