/**
 * What Node compiles is kept for the next start, of threads and of programs started from here too: a
 * start takes half of the CPU that it takes without.
 *
 * The folder is the user's own. Node's default, a name in the common temporary folder, would run
 * what whoever made that folder first has written there.
 */

import { lstatSync, mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const OWNER_ONLY = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

/** One level at a time: told to make all of them, Node 24 tries for ever below /proc. */
const make = (folder: string): void => {
  try {
    mkdirSync(folder, { mode: OWNER_ONLY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
};

const isOwnAlone = (folder: string): boolean => {
  const found = lstatSync(folder);
  const own = process.getuid === undefined || found.uid === process.getuid();
  const closed = process.platform === "win32" || (found.mode & WRITABLE_BY_OTHERS) === 0;
  return found.isDirectory() && own && closed;
};

/**
 * `canswarm/compiled` under `XDG_CACHE_HOME`, else under `.cache` of the home; made if it is missing.
 * Undefined where it cannot be made, or where somebody else owns it or may write to it.
 */
export const compiledFolder = (env: NodeJS.ProcessEnv): string | undefined => {
  try {
    const given = env["XDG_CACHE_HOME"] ?? "";
    // A relative one is to be ignored (XDG Base Directory Specification): what lies here may be anybody's.
    const caches = isAbsolute(given) ? given : join(env["HOME"] || homedir(), ".cache");
    const ours = join(caches, "canswarm");
    const folder = join(ours, "compiled");
    for (const each of [caches, ours, folder]) make(each);
    return [ours, folder].every(isOwnAlone) ? folder : undefined;
  } catch {
    return undefined;
  }
};

/** A cache that the user chose by `NODE_COMPILE_CACHE` is Node's own affair and on already. */
export const keepCompiled = (env: NodeJS.ProcessEnv): void => {
  if (env["NODE_COMPILE_CACHE"] !== undefined) return;
  const folder = compiledFolder(env);
  if (folder === undefined) return;
  enableCompileCache(folder);
  env["NODE_COMPILE_CACHE"] = folder;
};
