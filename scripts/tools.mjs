/**
 * Brings bubblewrap, which tier T2 of the sandbox is built with, without installing it in the system: the
 * package of the distribution, unpacked into a cache folder. One that is in PATH is used as it is.
 *
 * Usage: node scripts/tools.mjs          make sure it is there; prints its path
 *
 * Runs on Node 18 and newer and needs no package. Progress goes to standard error; the one line on
 * standard output is the path of `bwrap`.
 */

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { commands } from "./commands.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
/** The same folder as in src/agent/sandbox/bubblewrap.ts. */
export const TOOLS_FOLDER = join(root, ".cache/tools");
const OWN = join(TOOLS_FOLDER, "bwrap");

/** A download is given this long, then it is an error and not a hang. */
const COMMAND_TIMEOUT_MS = 60_000;

class SetupError extends Error {}

const refuse = (why) =>
  new SetupError(
    `SANDBOX_UNAVAILABLE bubblewrap could not be brought: ${why}. Remedy: install the package ` +
      "`bubblewrap` of your distribution; `canswarm doctor` says whether it works then",
  );

const run = commands({ refuse, timeoutMs: COMMAND_TIMEOUT_MS });

const runs = (path) =>
  existsSync(path) && spawnSync(path, ["--version"], { timeout: COMMAND_TIMEOUT_MS }).status === 0;

const present = () =>
  [...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "bwrap")), OWN].find(
    runs,
  );

/** Unpacks beside the target and renames at the end, so that a half-done file is never used. */
const download = () => {
  mkdirSync(TOOLS_FOLDER, { recursive: true });
  const scratch = mkdtempSync(join(TOOLS_FOLDER, "unpack-"));
  try {
    run("apt-get", ["download", "bubblewrap"], scratch);
    const file = readdirSync(scratch).find((name) => name.endsWith(".deb"));
    if (file === undefined) throw refuse("apt-get brought no package");
    run("dpkg-deb", ["-x", file, "."], scratch);
    copyFileSync(join(scratch, "usr/bin/bwrap"), `${OWN}.new`);
    renameSync(`${OWN}.new`, OWN);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** The path of a `bwrap` that runs. Throws with a remedy where there can be none. */
export const bringBubblewrap = () => {
  const found = present();
  if (found !== undefined) return found;
  if (process.platform !== "linux") throw refuse("it needs Linux");
  process.stderr.write("canswarm: fetching bubblewrap\n");
  try {
    download();
  } catch (error) {
    // A machine that has never fetched its package lists does not know where it is.
    if (process.getuid?.() !== 0) throw error;
    run("apt-get", ["update", "-qq"], root);
    download();
  }
  if (!runs(OWN)) throw refuse("the one of this distribution does not run: a library is missing");
  return OWN;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.stdout.write(`${bringBubblewrap()}\n`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
