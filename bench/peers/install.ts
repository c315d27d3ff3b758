/**
 * What the peers need, in a folder of its own: npm packages of exact versions, and servers of the
 * distribution unpacked without their service scripts. Nothing is installed in the system.
 */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { note } from "../support/report.ts";
import { outputOf } from "../support/processes.ts";

const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/canswarm/peers/", import.meta.url));
const DEBIAN = join(FOLDER, "debian");
const INSTALL_MS_MAX = 300_000;

/** Each peer's own, so that one that cannot be had keeps no other from running. */
const PACKAGES = {
  bullmq: { bullmq: "6.7.0", ioredis: "5.11.1" },
  dbos: { "@dbos-inc/dbos-sdk": "5.3.0" },
  restate: { "@restatedev/restate-server": "1.7.12", "@restatedev/restate-sdk": "1.17.2" },
} as const;

type Installed = keyof typeof PACKAGES;

/** Of the peer itself: the first of its packages. */
export const versionOf = (peer: Installed): string => Object.values(PACKAGES[peer])[0] ?? "";

/** Brings a peer's packages of the npm registry, once per list of versions; the way to require them. */
const bringPackages = async (peer: Installed): Promise<NodeJS.Require> => {
  const folder = join(FOLDER, peer);
  const file = join(folder, "package.json");
  const dependencies = PACKAGES[peer];
  const text = `${JSON.stringify({ private: true, dependencies }, undefined, 2)}\n`;
  const done = join(folder, "node_modules/.done");
  if (!existsSync(done) || readFileSync(done, "utf8") !== text) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
    note(`${peer}: installing ${Object.keys(dependencies).join(", ")}, once`);
    const args = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
    await outputOf("npm", args, { cwd: folder, timeoutMs: INSTALL_MS_MAX });
    writeFileSync(done, text);
  }
  return createRequire(file);
};

/** The file of a program within a peer's packages. */
export const packageFile = async (peer: Installed, path: string): Promise<string> =>
  (await bringPackages(peer)).resolve(path);

/** A module of a peer's packages. `T` says what of it is used here: its types are not installed. */
export const packageModule = async <T>(peer: Installed, name: string): Promise<T> =>
  (await bringPackages(peer))(name) as T;

/** Where a server of the distribution may lie: in PATH, in the folders of Debian, in our own. */
const placesOf = (binary: string): readonly string[] => {
  const inRoot = (folder: string): string[] => {
    const versions = join(folder, "usr/lib/postgresql");
    const postgres = existsSync(versions)
      ? readdirSync(versions).map((version) => join(versions, version, "bin"))
      : [];
    return [join(folder, "usr/bin"), ...postgres];
  };
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...inRoot("/")];
  return [...folders, ...inRoot(DEBIAN)].map((folder) => join(folder, binary));
};

export interface Binary {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

const found = (binary: string): Binary | undefined => {
  const path = placesOf(binary).find((place) => existsSync(place));
  if (path === undefined) return undefined;
  if (!path.startsWith(DEBIAN)) return { path, env: process.env };
  const libraries = ["usr/lib", "lib"]
    .map((folder) => join(DEBIAN, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((one) => join(folder, one)));
  return { path, env: { ...process.env, LD_LIBRARY_PATH: libraries.join(delimiter) } };
};

/** `--download-only` brings a package and what of its needs this system lacks, and installs nothing. */
const unpack = async (name: string): Promise<void> => {
  const archives = join(FOLDER, "archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  mkdirSync(DEBIAN, { recursive: true });
  const args = ["install", "-y", "--no-install-recommends", "--download-only"];
  const own = ["-o", "Debug::NoLocking=1", "-o", `Dir::Cache::archives=${archives}`];
  const download = (): Promise<string> =>
    outputOf("apt-get", [...args, ...own, name], { timeoutMs: INSTALL_MS_MAX });
  note(`peers: fetching ${name}, once`);
  try {
    await download();
  } catch {
    // A machine that has never fetched its package lists does not know where they are.
    await outputOf("apt-get", ["update", "-qq"], { timeoutMs: INSTALL_MS_MAX });
    await download();
  }
  for (const file of readdirSync(archives).filter((one) => one.endsWith(".deb")))
    await outputOf("dpkg-deb", ["-x", join(archives, file), DEBIAN], { timeoutMs: INSTALL_MS_MAX });
  // A server that does not run as root has to read what root unpacked.
  chmodSync(DEBIAN, 0o755);
};

/** A server's binary, fetched where the system has none. Rejects with the reason. */
export const bringBinary = async (binary: string, debian: string): Promise<Binary> => {
  const here = found(binary);
  if (here !== undefined) return here;
  await unpack(debian);
  const brought = found(binary);
  if (brought === undefined) throw new Error(`the package ${debian} holds no ${binary}`);
  return brought;
};
