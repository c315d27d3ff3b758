/** Data folders for the tests of the embedded store. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const newFolder = (): string => mkdtempSync(join(tmpdir(), "canswarm-store-"));

export const removeFolder = (dir: string): void => rmSync(dir, { recursive: true, force: true });

/** What a power cut would leave: the files as they are on the disk, the lock gone. */
export const powerCut = (dir: string): string => {
  const image = newFolder();
  cpSync(dir, image, {
    recursive: true,
    filter: (path) => !path.includes("lock.") && !path.endsWith("-shm"),
  });
  return image;
};
