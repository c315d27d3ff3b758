/**
 * Brings etcd and nats-server for the tests of the cluster adapters, without installing them in the
 * system: the packages of the distribution, unpacked into a cache folder.
 *
 * Usage: node scripts/servers.mjs          make sure they are there; prints the folder of the binaries
 *
 * Runs on Node 18 and newer and needs no package. Progress goes to standard error; the one line on
 * standard output is the folder that holds `etcd`, `etcdctl` and `nats-server`.
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
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const CACHE = join(root, "node_modules/.cache/canswarm");
/** CANSWARM_SERVERS names a folder that has them already. */
export const SERVERS_FOLDER = process.env.CANSWARM_SERVERS ?? join(CACHE, "servers");

/** Binary, the package that has it, how it tells its version, and the oldest version that will do. */
const SERVERS = [
  { binary: "etcd", package: "etcd-server", args: ["--version"], least: [3, 4] },
  { binary: "etcdctl", package: "etcd-client", args: ["version"], least: [3, 4] },
  { binary: "nats-server", package: "nats-server", args: ["--version"], least: [2, 9] },
];

/** A download is given this long, then it is an error and not a hang. */
const COMMAND_TIMEOUT_MS = 120_000;

class SetupError extends Error {}

const run = (command, args, cwd) => {
  const result = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: COMMAND_TIMEOUT_MS,
    env: { ...process.env, ETCDCTL_API: "3" },
  });
  if (result.error?.code === "ENOENT") {
    throw new SetupError(
      `SERVERS_UNAVAILABLE \`${command}\` is not on this machine. Remedy: on a system without apt, ` +
        `put etcd (3.4 or newer), etcdctl and nats-server (2.9 or newer) into ${SERVERS_FOLDER}`,
    );
  }
  if (result.status !== 0) {
    const why = `${result.stderr ?? ""}${result.error?.message ?? ""}`.trim().split("\n").at(-1);
    throw new SetupError(
      `SERVERS_UNAVAILABLE \`${command} ${args.join(" ")}\` failed: ${why}. ` +
        "Remedy: run `apt-get update`, check that the package mirror is reachable, try again",
    );
  }
  return result.stdout + result.stderr;
};

/** The version a binary prints, as [major, minor]; undefined where there is no such binary. */
const versionOf = (server) => {
  const path = join(SERVERS_FOLDER, server.binary);
  if (!existsSync(path)) return undefined;
  const found = /(\d+)\.(\d+)\.\d+/.exec(run(path, server.args, CACHE));
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
};

const isEnough = (version, [major, minor]) =>
  version !== undefined && (version[0] > major || (version[0] === major && version[1] >= minor));

const lacking = () => SERVERS.filter((server) => !isEnough(versionOf(server), server.least));

/** Unpacks beside the target and renames at the end, so that a half-done folder is never used. */
const bring = (servers) => {
  const scratch = mkdtempSync(join(CACHE, "unpack-"));
  try {
    const download = ["download", ...servers.map((server) => server.package)];
    try {
      run("apt-get", download, scratch);
    } catch (error) {
      // A machine that has never fetched its package lists does not know where they are.
      if (process.getuid?.() !== 0) throw error;
      run("apt-get", ["update", "-qq"], scratch);
      run("apt-get", download, scratch);
    }
    for (const file of readdirSync(scratch).filter((name) => name.endsWith(".deb"))) {
      run("dpkg-deb", ["-x", file, "."], scratch);
    }
    for (const server of servers) {
      const found = ["usr/bin", "usr/sbin"]
        .map((folder) => join(scratch, folder, server.binary))
        .find((path) => existsSync(path));
      if (found === undefined) {
        throw new SetupError(
          `SERVERS_UNAVAILABLE the package ${server.package} holds no ${server.binary}. ` +
            `Remedy: put the binary into ${SERVERS_FOLDER} yourself`,
        );
      }
      const target = join(SERVERS_FOLDER, server.binary);
      copyFileSync(found, `${target}.new`);
      renameSync(`${target}.new`, target);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** Makes sure the three binaries are in SERVERS_FOLDER, new enough. Throws with a remedy. */
export const bringServers = () => {
  mkdirSync(SERVERS_FOLDER, { recursive: true });
  const wanted = lacking();
  if (wanted.length === 0) return;
  if (process.env.CANSWARM_SERVERS !== undefined) {
    const text = wanted.map((one) => one.binary).join(", ");
    throw new SetupError(
      `SERVERS_UNAVAILABLE ${SERVERS_FOLDER} has no ${text} that is new enough. ` +
        "Remedy: put them there, or leave CANSWARM_SERVERS out",
    );
  }
  process.stderr.write(`canswarm: fetching ${wanted.map((one) => one.package).join(", ")}\n`);
  bring(wanted);
  const still = lacking();
  if (still.length > 0) {
    const text = still.map((one) => `${one.binary} ${one.least.join(".")}`).join(", ");
    throw new SetupError(
      `SERVERS_UNAVAILABLE the packages of this system are older than needed: ${text}. ` +
        `Remedy: put newer binaries into ${SERVERS_FOLDER}`,
    );
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    bringServers();
    process.stdout.write(`${SERVERS_FOLDER}\n`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
