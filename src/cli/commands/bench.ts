/** `canswarm bench`: the product's figures with their limits, measured in the same run, beside them. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { arch, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { clusterFigures } from "../bench/cluster.ts";
import { floorPerSecond, fsyncPerSecond } from "../bench/floor.ts";
import { lifecycles, VERIFIERS, WORKERS } from "../bench/lifecycle.ts";
import { loadSettings } from "../settings.ts";
import { CliError } from "../errors.ts";

interface BenchFlags {
  readonly seconds: string;
  readonly warmup: string;
  readonly open: string;
  readonly config?: string;
  readonly json: boolean;
}

/** Beside the lifecycles themselves: how long each other part runs. */
export interface BenchTimes {
  /** Of each of the two floors. */
  readonly floorSeconds: number;
  readonly fsyncMs: number;
}
const TIMES: BenchTimes = { floorSeconds: 5, fsyncMs: 1_000 };

/** Each host compiles its own code, while it works. */
const WARMUP_SECONDS = "10";

const whole = (text: string, name: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new CliError("USAGE", {
      reason: `--${name} takes a whole number above 0, not ${text}`,
      command: "bench",
    });
  return value;
};

const round = (value: number): number => Math.round(value * 1000) / 1000;
const note = (text: string): void => void process.stderr.write(`${text}\n`);

const MACHINE = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  arch: arch(),
  node: process.version,
};

const clusterBench = async (
  flags: BenchFlags & { readonly config: string },
): Promise<Record<string, unknown>> => {
  const seconds = whole(flags.seconds, "seconds");
  const open = whole(flags.open, "open");
  note(`lifecycles over etcd and NATS: ${seconds} s, ${open} open needs; then their own limits`);
  const { config } = flags;
  const options = { seconds, open, warmupSeconds: whole(flags.warmup, "warmup"), config };
  const figures = await clusterFigures(options);
  const { product, limits, ratio, bus } = figures;
  return {
    mode: "cluster",
    tasksPerSecond: product.tasksPerSecond,
    limits,
    ratio: round(ratio),
    latencyMs: product.latencyMs,
    decideMs: product.decideMs,
    busMs: product.busMs,
    busAtRate: bus,
    headsPerTask: round(figures.headsPerTask),
    headsPerRequest: round(figures.headsPerRequest),
    recordsPerTask: round(figures.recordsPerTask),
    recordBytes: figures.recordBytes,
    cpuMicrosPerTask: { process: product.cpuMicrosPerTask, load: product.loadCpuMicrosPerTask },
    needs: product.load.finalized,
    outcomes: product.load.outcomes,
    seconds: round(product.load.durationMs / 1000),
    durability: "own journal fsynced, JetStream acknowledged, etcd heads; outputs leave after that",
    fsyncPerSecond: fsyncPerSecond(1_000),
    machine: MACHINE,
  };
};

/** With servers of its own, in a checkout. */
const withServers = async (flags: BenchFlags): Promise<void> => {
  const script = fileURLToPath(new URL("../../../bench/cluster.ts", import.meta.url));
  if (!existsSync(script))
    throw new CliError("CHECKOUT_NEEDED", { command: "bench --mode cluster" });
  const { seconds, warmup, open, json } = flags;
  const times = ["--seconds", seconds, "--warmup", warmup, "--open", open];
  const args = [...times, ...(json ? ["--json"] : [])];
  const child = spawn(process.execPath, [script, ...args], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  process.exitCode = code ?? 1;
};

export const bench = async (
  flags: BenchFlags,
  { floorSeconds, fsyncMs }: BenchTimes = TIMES,
): Promise<Record<string, unknown>> => {
  const settings = await loadSettings(flags.config);
  const seconds = whole(flags.seconds, "seconds");
  const warmupSeconds = whole(flags.warmup, "warmup");
  const open = whole(flags.open, "open");
  note(
    `lifecycles: ${seconds} s after ${warmupSeconds} s of warm-up, ${open} open needs, 1 requester, ${WORKERS} workers, ${VERIFIERS} verifiers`,
  );
  const product = await lifecycles({
    seconds,
    open,
    warmupSeconds,
    ...(flags.config === undefined ? {} : { config: flags.config }),
  });
  const { envelopes, signed, committed, records } = product.batches;
  note(
    `floor: ${floorSeconds} s in batches of ${signed} signed, ${committed} in ${records} records committed`,
  );
  const threads = settings.hosts;
  const floor = await floorPerSecond({
    threads,
    ms: floorSeconds * 1000,
    signed,
    committed,
    records,
  });
  note(`floor, unbatched: ${floorSeconds} s, each envelope signed alone`);
  const unbatched = await floorPerSecond({
    threads,
    ms: floorSeconds * 1000,
    signed: 1,
    committed,
    records,
  });
  return {
    tasksPerSecond: product.tasksPerSecond,
    floorPerSecond: Math.round(floor / envelopes),
    ratio: round((product.tasksPerSecond * envelopes) / floor),
    unbatched: { floorPerSecond: Math.round(unbatched / envelopes) },
    latencyMs: product.latencyMs,
    busMs: product.busMs,
    cpuMicrosPerTask: { process: product.cpuMicrosPerTask, load: product.loadCpuMicrosPerTask },
    envelopesPerTask: envelopes,
    batches: { signed, committed, records },
    needs: product.load.finalized,
    outcomes: product.load.outcomes,
    seconds: round(product.load.durationMs / 1000),
    durability:
      "SQLite WAL, synchronous=FULL, group commit; receipts and notices leave after the commit",
    fsyncPerSecond: fsyncPerSecond(fsyncMs),
    machine: MACHINE,
  };
};

export const addBench = (program: Command): void => {
  program
    .command("bench")
    .summary("measure signed, durable lifecycles per second beside their limits")
    .option("--mode <mode>", "embedded, or cluster: over etcd and NATS", "embedded")
    .option("--seconds <n>", "how long the lifecycles run", "20")
    .option("--warmup <n>", "seconds of the same before, in which code is compiled", WARMUP_SECONDS)
    .option("--open <n>", "needs that are open at a time", "512")
    .option(
      "--config <file>",
      "another supervisor.config.ts; of a cluster: servers that hold nothing else",
    )
    .option("--json", "print one JSON object as the last line", false)
    .addHelpText("after", "\nExample:\n  canswarm bench --seconds 20 --json")
    .action(async (flags: BenchFlags & { readonly mode: string }) => {
      const { mode, config } = flags;
      if (mode !== "embedded" && mode !== "cluster")
        throw new CliError("USAGE", {
          reason: `--mode takes embedded or cluster, not ${mode}`,
          command: "bench",
        });
      if (mode === "cluster" && config === undefined) return withServers(flags);
      const result =
        mode === "cluster" && config !== undefined
          ? await clusterBench({ ...flags, config })
          : await bench(flags);
      process.stdout.write(
        flags.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, undefined, 2)}\n`,
      );
    });
};
