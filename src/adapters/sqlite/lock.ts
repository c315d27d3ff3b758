/**
 * One opener per data folder. The lock is an exclusive transaction on a tiny database of its own, so the
 * operating system holds it: it ends with the process, however that ends, and a crash leaves nothing to
 * clean up. The pid file beside it serves the error message only and decides nothing.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "#ports/faults.ts";
import { isBusy } from "./codes.ts";

export interface DataLock {
  /** Gives the folder up. Twice is harmless. */
  readonly release: () => void;
}

const holderOf = (pidFile: string): string => {
  try {
    return `process ${readFileSync(pidFile, "utf8").trim()}`;
  } catch {
    return "another process";
  }
};

/** Creates `dir` if it is missing. Refuses with DATA_IN_USE, naming the holder's pid. */
export const lockData = (dir: string): DataLock => {
  mkdirSync(dir, { recursive: true });
  const pidFile = join(dir, "lock.pid");
  const database = new DatabaseSync(join(dir, "lock.db"), { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (!isBusy(cause)) throw cause;
    throw new Fault("DATA_IN_USE", `${holderOf(pidFile)} holds the data folder ${dir}`, { cause });
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return {
    release: () => {
      if (!database.isOpen) return;
      // Before the lock goes: afterwards the file may be the next holder's.
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
};
