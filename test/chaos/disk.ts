/** A small disk of its own, which can be filled and emptied. Needs the right to mount. */

import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Room for a run of a hundred needs and its write-ahead log, MiB. */
const DISK_MIB = 96;
const PIECE = new Uint8Array(256 * 1024);

export interface SmallDisk {
  readonly fill: () => void;
  readonly empty: () => void;
  readonly unmount: () => void;
}

/** Undefined where this user may not mount. `dir` exists and is empty. */
export const smallDisk = (dir: string): SmallDisk | undefined => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "canswarm-chaos", dir], {
      stdio: "ignore",
    });
  } catch {
    return undefined;
  }
  const ballast = join(dir, "ballast");
  return {
    fill: () => {
      const file = openSync(ballast, "a");
      try {
        for (let size = PIECE.length; size >= 1; size = Math.floor(size / 2))
          while (wrote(file, PIECE.subarray(0, size)));
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    unmount: () => void execFileSync("umount", ["-l", dir], { stdio: "ignore" }),
  };
};

const wrote = (file: number, bytes: Uint8Array): boolean => {
  try {
    return writeSync(file, bytes) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
};
