/** `canswarm doctor`: what is here, how the servers of a cluster are, what is degraded, and the remedy. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, freemem, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import type { Command } from "commander";
import { TIERS } from "#agent/sandbox/outcome.ts";
import { tryTier } from "#agent/sandbox/probe.ts";
import { sodium } from "#envelope/signature/sodium.ts";
import { fsyncPerSecond } from "../bench/floor.ts";
import { clusterFindings } from "../cluster/examine.ts";
import { clean, count, palette, styleOf } from "../display.ts";
import { escapes } from "../escapes.ts";
import type { Finding } from "../finding.ts";
import { loadSettings } from "../settings.ts";
import type { TextStyle } from "../summary-text.ts";

const NODE_MAJOR_MIN = 24;
const GIB = 2 ** 30;
/** Threads, SQLite's cache and a few agents' programs at their usual size. */
const MEMORY_GIB_MIN = 1;
/** Below this a group commit takes more than 10 ms, and every need waits for about six of them. */
const FSYNC_PER_SECOND_MIN = 100;
const FSYNC_MS = 500;
const VERSION_MS_MAX = 5_000;

const nodeFinding = (): Finding => {
  const major = Number.parseInt(process.versions.node, 10);
  const found = `Node ${process.versions.node}`;
  return major >= NODE_MAJOR_MIN
    ? { name: "node", health: "ok", found }
    : {
        name: "node",
        health: "failed",
        found,
        remedy: "install Node 24, or run `npm install node@24` beside canswarm",
      };
};

const signaturesFinding = (): Finding =>
  sodium === undefined
    ? {
        name: "signatures",
        health: "degraded",
        found: "node:crypto; sodium-native is not loaded, so signing takes twice as long",
        remedy: "npm install sodium-native",
      }
    : { name: "signatures", health: "ok", found: "sodium-native" };

/** In the folder that is going to be used: some file systems cannot do it. */
const storeFinding = (folder: string): Finding => {
  const name = "store";
  let dir: string | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    dir = mkdtempSync(join(folder, ".doctor-"));
    const database = new DatabaseSync(join(dir, "x.db"));
    const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    database.exec(
      "PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)",
    );
    database.close();
    if (mode === "wal")
      return { name, health: "ok", found: `SQLite with a write-ahead log in ${folder}` };
    const found = `SQLite gives no write-ahead log in ${folder} (${String(mode)})`;
    return { name, health: "failed", found, remedy: "name a folder on a local disk with --data" };
  } catch (error) {
    const found = `${folder}: ${error instanceof Error ? error.message : String(error)}`;
    return {
      name,
      health: "failed",
      found,
      remedy: "name a folder that can be written with --data",
    };
  } finally {
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  }
};

const diskFinding = (folder: string): Finding => {
  const rate = fsyncPerSecond(FSYNC_MS, folder);
  const found = `${count(rate)} fdatasyncs a second in ${folder}`;
  return rate >= FSYNC_PER_SECOND_MIN
    ? { name: "disk", health: "ok", found }
    : {
        name: "disk",
        health: "degraded",
        found,
        remedy: "name a folder on a faster disk with --data",
      };
};

const coresFinding = (hosts: number): Finding => {
  const cores = availableParallelism();
  const found = `${count(cores)} cores for ${count(hosts)} host threads`;
  return cores >= hosts
    ? { name: "cores", health: "ok", found }
    : {
        name: "cores",
        health: "degraded",
        found,
        remedy:
          "set fewer hosts in supervisor.config.ts: more threads than cores wait for each other",
      };
};

const memoryFinding = (): Finding => {
  const found = `${(totalmem() / GIB).toFixed(1)} GiB, ${(freemem() / GIB).toFixed(1)} free`;
  return totalmem() >= MEMORY_GIB_MIN * GIB
    ? { name: "memory", health: "ok", found }
    : {
        name: "memory",
        health: "degraded",
        found,
        remedy: `give it ${MEMORY_GIB_MIN} GiB at least`,
      };
};

const programsFinding = (): Finding => {
  const watched = existsSync("/proc/self/stat");
  const shell = spawnSync("sh", ["-c", "exit 0"], { timeout: VERSION_MS_MAX }).status === 0;
  if (!shell)
    return {
      name: "programs",
      health: "failed",
      found: "there is no `sh`, which ends agents' programs when canswarm is killed",
      remedy: "install a shell; `module` agents work without it",
    };
  return watched
    ? { name: "programs", health: "ok", found: "sh and /proc: agents' programs are watched" }
    : {
        name: "programs",
        health: "degraded",
        found: "no /proc: the memory and the stopped state of agents' programs are not watched",
        remedy: "run them in containers with limits of their own",
      };
};

const SERVERS_FOLDER = fileURLToPath(
  new URL("../../../node_modules/.cache/canswarm/servers", import.meta.url),
);

/** For who has no cluster yet; tests of the cluster bring their own. */
const serverFinding = (name: string, args: readonly string[]): Finding => {
  const own = join(SERVERS_FOLDER, name);
  for (const path of [own, name]) {
    const { status, stdout, stderr } = spawnSync(path, args, {
      encoding: "utf8",
      timeout: VERSION_MS_MAX,
    });
    const version = /\d+\.\d+\.\d+/.exec(`${stdout ?? ""}${stderr ?? ""}`)?.[0];
    if (status === 0 && version !== undefined)
      return { name, health: "ok", found: `${version} (${path === own ? own : "in PATH"})` };
  }
  const remedy = "only a cluster needs it; `npm run setup:servers` in a checkout brings it";
  return { name, health: "absent", found: "not here", remedy };
};

/** What untrusted code can be held in here, each tier proved by running something in it. */
const sandboxFindings = async (): Promise<Finding[]> => {
  const tried = await Promise.all(TIERS.map(async (tier) => ({ tier, ...(await tryTier(tier)) })));
  return tried.map(({ tier, works, found }) => {
    const name = `sandbox ${tier}`;
    if (works) return { name, health: "ok", found };
    const remedy =
      tier === "T2"
        ? "install bubblewrap, or `npm run setup:sandbox` in a checkout; in a container allow " +
          "user namespaces (docs/agents/sandbox.md)"
        : "npm install quickjs-emscripten";
    return { name, health: "degraded", found, remedy };
  });
};

export const examine = async (flags: {
  readonly data?: string;
  readonly config?: string;
}): Promise<Finding[]> => {
  const folder = flags.data ?? tmpdir();
  const { hosts, cluster } = await loadSettings(flags.config);
  const store = storeFinding(folder);
  return [
    nodeFinding(),
    signaturesFinding(),
    store,
    ...(store.health === "failed" ? [] : [diskFinding(folder)]),
    coresFinding(hosts),
    memoryFinding(),
    programsFinding(),
    ...(await sandboxFindings()),
    ...(cluster === undefined
      ? [serverFinding("etcd", ["--version"]), serverFinding("nats-server", ["--version"])]
      : await clusterFindings(cluster)),
  ];
};

export const renderFindings = (findings: readonly Finding[], style: TextStyle): string => {
  const colors = palette(style.color);
  const paints = { ok: colors.good, degraded: colors.bad, failed: colors.bad, absent: colors.dim };
  const names = Math.max(...findings.map(({ name }) => name.length));
  const healths = Math.max(...findings.map(({ health }) => health.length));
  const indent = " ".repeat(names + healths + 4);
  return findings
    .flatMap(({ name, health, found, remedy }) => [
      `${name.padEnd(names)}  ${paints[health](health.padEnd(healths))}  ${clean(found)}`,
      ...(remedy === undefined ? [] : [`${indent}${colors.dim(remedy)}`]),
    ])
    .concat("")
    .join("\n");
};

interface DoctorFlags {
  readonly data?: string;
  readonly config?: string;
  readonly escapes: boolean;
  readonly json: boolean;
}

export const addDoctor = (program: Command): void => {
  program
    .command("doctor")
    .summary("say what is installed, what is degraded, how a cluster's servers are, and the remedy")
    .option("--data <dir>", "examine the disk under this folder (default: temporary files)")
    .option(
      "--config <file>",
      "another supervisor.config.ts; etcd and NATS that it names are asked",
    )
    .option("--escapes", "try to leave each tier of the sandbox, and print what came of it", false)
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm doctor --data ./market\n  canswarm doctor --config cluster.config.mjs",
    )
    .action(async (flags: DoctorFlags) => {
      if (flags.escapes) return escapes(flags.json);
      const findings = await examine(flags);
      const ok = findings.every(({ health }) => health !== "failed");
      if (!ok) process.exitCode = 1;
      const text = flags.json
        ? `${JSON.stringify({ ok, findings })}\n`
        : renderFindings(findings, styleOf(process.stdout));
      // A server that takes connections and says nothing would hold the process: the driver of NATS leaves
      // its socket open. Where the output failed that is told first.
      process.stdout.write(text, (error) => {
        if (error === null || error === undefined) process.exit();
      });
    });
};
