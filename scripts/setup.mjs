/**
 * Sets up what a fresh checkout lacks: `npm ci`, once per package-lock.json.
 *
 * Usage: node scripts/setup.mjs          install if the lock file changed since the last time
 *        node scripts/setup.mjs --mark   only note that node_modules follows the lock file
 *
 * Runs on Node 18 and newer and needs no package, for it is what brings them. All it says goes to
 * standard error: standard output belongs to the command that follows.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const LOCK = `${root}package-lock.json`;
const MARK = `${root}node_modules/.setup`;
const NODE = `${root}node_modules/.bin/node`;

const lockHash = () => createHash("sha256").update(readFileSync(LOCK)).digest("hex");

const marked = () => (existsSync(MARK) ? readFileSync(MARK, "utf8").trim() : "");

const mark = () => {
  mkdirSync(`${root}node_modules`, { recursive: true });
  writeFileSync(MARK, `${lockHash()}\n`);
};

/** Installs the packages of the lock file unless they are there. Returns an exit code. */
export const setup = () => {
  if (marked() === lockHash() && existsSync(NODE)) return 0;
  process.stderr.write("canswarm: installing packages (npm ci), once per lock file\n");
  // npm warns of the Node it runs on (EBADENGINE); what follows runs on the one of node_modules.
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (npm.status === 0) {
    mark();
    return 0;
  }
  const why = npm.error?.message ?? `npm ci ended with ${npm.status ?? npm.signal}`;
  process.stderr.write(
    `SETUP_FAILED the packages could not be installed: ${why}. ` +
      "Check that the package registry is reachable, then run `npm ci` yourself.\n",
  );
  return npm.status || 1;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  if (process.argv.includes("--mark")) mark();
  else process.exitCode = setup();
}
