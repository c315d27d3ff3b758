/**
 * Blocks too large for the database, one file each. A file appears under its name only whole: written
 * under a temporary name, fsynced, renamed, and the folder's entry fsynced after it.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isCid } from "#envelope/cid.ts";

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

export class BlockFiles {
  readonly #dir: string;
  #temporary = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async put(cid: string, bytes: Uint8Array): Promise<void> {
    if (!isCid(cid)) throw new Error(`not a CID: ${cid}`);
    const folder = this.#folder(cid);
    const path = join(folder, cid);
    if (await this.has(cid)) return;
    await mkdir(folder, { recursive: true });
    await syncFolder(this.#dir);
    const temporary = join(this.#dir, `${process.pid}-${this.#temporary++}.tmp`);
    try {
      const file = await open(temporary, "w");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncFolder(folder);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async get(cid: string): Promise<Uint8Array | undefined> {
    if (!isCid(cid)) return undefined; // no path is ever made of such a text
    try {
      return await readFile(join(this.#folder(cid), cid));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async has(cid: string): Promise<boolean> {
    if (!isCid(cid)) return false;
    try {
      return (await stat(join(this.#folder(cid), cid))).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async cids(): Promise<readonly string[]> {
    return (await readdir(this.#dir, { recursive: true }))
      .map((path) => basename(path))
      .filter((name) => isCid(name));
  }

  /** By the last two letters, which are spread evenly; the first ones are the same in all CIDs. */
  #folder(cid: string): string {
    return join(this.#dir, cid.slice(-2));
  }
}
