/** `canswarm sim`: the whole market in a simulated world, seed by seed, under faults, checked. */

import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { CANARIES } from "#sim/canaries/all.ts";
import { FAULT_KINDS } from "#sim/plan/draw-faults.ts";
import type { FaultPlan } from "#sim/plan/plan.ts";
import { indicesOf, type Selection } from "#sim/plan/select.ts";
import { openEvidence } from "../audit/open.ts";
import { CliError } from "../errors.ts";
import { count, styleOf } from "../display.ts";
import { heardLine, renderCanaries, renderSim } from "../sim/render.ts";
import { hearCanaries } from "../sim/canaries.ts";
import { marketOf, readMarket } from "../sim/market.ts";
import { planFor, type SeedTask } from "../sim/job.ts";
import { shrinkSeed, sweep, type SeedViolation } from "../sim/sweep.ts";
import { SeedProgress } from "../sim/progress.ts";

export interface SimFlags {
  readonly seeds: string;
  readonly jobs?: string;
  readonly faults?: string;
  readonly keepNeeds?: string;
  readonly keepFaults?: string;
  readonly safetyMs?: string;
  readonly market?: string;
  readonly export?: string;
  readonly canary?: string;
  readonly canaries: boolean;
  readonly shrink: boolean;
  readonly plan: boolean;
  readonly trace: boolean;
  readonly json: boolean;
}

/** Seeds of one command. */
const SEEDS_MAX = 1_000_000;
const JOBS_MAX = 256;

const refuse = (reason: string): CliError => new CliError("USAGE", { reason, command: "sim" });

const seedsOf = (text: string): readonly number[] => {
  const parts = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text);
  if (parts === null) throw refuse(`--seeds takes A..B or one whole number, not ${text}`);
  const from = Number(parts[1]);
  const to = Number(parts[2] ?? parts[1]);
  if (to < from) throw refuse(`--seeds ${text} is empty: the second number is the larger one`);
  if (to - from >= SEEDS_MAX) throw refuse(`--seeds takes at most ${SEEDS_MAX} seeds`);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
};

const wholeOf = (text: string, name: string, max: number): number => {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < 1 || value > max)
    throw refuse(`--${name} takes a whole number from 1 to ${max}, not ${text}`);
  return value;
};

const kindsOf = (text: string): readonly FaultPlan["kind"][] => {
  if (text === "none") return [];
  return text.split(",").map((name) => {
    const kind = FAULT_KINDS.find((one) => one === name);
    if (kind === undefined)
      throw refuse(`--faults knows none, ${FAULT_KINDS.join(", ")}, not ${name}`);
    return kind;
  });
};

const listOf = (text: string, name: string): readonly number[] => {
  const indices = indicesOf(text);
  if (indices === undefined) throw refuse(`--${name} takes numbers such as 0,4-7 or none`);
  return indices;
};

const selectionOf = ({ keepNeeds, keepFaults, safetyMs }: SimFlags): Selection => ({
  ...(keepNeeds === undefined ? {} : { needs: listOf(keepNeeds, "keep-needs") }),
  ...(keepFaults === undefined ? {} : { faults: listOf(keepFaults, "keep-faults") }),
  ...(safetyMs === undefined ? {} : { safetyMs: wholeOf(safetyMs, "safety-ms", 999_999_999) }),
});

export const addSim = (program: Command): void => {
  program
    .command("sim")
    .summary("run the market in a simulated world under faults, and check every promise")
    .option("--seeds <A..B>", "which worlds", "1..20")
    .option("--jobs <n>", "threads (default: one a core)")
    .option("--faults <kinds>", "none, or only these kinds, separated by commas")
    .option("--keep-needs <list>", "only these needs of the plan, such as 0,4-7")
    .option("--keep-faults <list>", "only these faults of the plan")
    .option("--safety-ms <ms>", "end the faults after so much simulated time")
    .option("--export <path>", "print the market of a data folder or audit, and run nothing")
    .option("--market <file>", "hold this exported market in each world")
    .option("--canary <name>", "break one promise on purpose; the checkers must notice")
    .option("--canaries", "break each promise in turn, seed after seed until it is noticed", false)
    .option("--shrink", "make the first failing seed small and print its command", false)
    .option("--plan", "print the plans and run nothing", false)
    .option("--trace", "print what happened in each world, line by line", false)
    .option("--json", "print one JSON object as the last line", false)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm sim --seeds 1..200\n  canswarm sim --seeds 7 --trace" +
        "\n  canswarm sim --export d > market.json" +
        "\n  canswarm sim --market market.json --seeds 1..20",
    )
    .action(sim);
};

const exported = async (path: string): Promise<void> => {
  const evidence = await openEvidence(path);
  try {
    process.stdout.write(`${JSON.stringify(await marketOf(evidence))}\n`);
  } finally {
    await evidence.close();
  }
};

const sim = async (flags: SimFlags): Promise<void> => {
  if (flags.export !== undefined) return exported(flags.export);
  const seeds = seedsOf(flags.seeds);
  const jobs = Math.min(
    flags.jobs === undefined ? availableParallelism() : wholeOf(flags.jobs, "jobs", JOBS_MAX),
    seeds.length,
  );
  if (flags.canaries) {
    await canaries(flags, seeds[0] ?? 1);
    return;
  }
  const task: Omit<SeedTask, "seed"> = {
    selection: selectionOf(flags),
    ...(flags.faults === undefined ? {} : { kinds: kindsOf(flags.faults) }),
    keepTrace: flags.trace,
    ...(flags.market === undefined ? {} : { market: readMarket(flags.market) }),
    ...(flags.canary === undefined ? {} : { canary: canaryOf(flags.canary) }),
  };
  if (flags.plan) {
    for (const seed of seeds)
      process.stdout.write(`${JSON.stringify(planFor({ ...task, seed }))}\n`);
    return;
  }
  const text = [
    ...(flags.faults === undefined ? [] : [`--faults ${flags.faults}`]),
    ...(flags.market === undefined ? [] : [`--market ${flags.market}`]),
    ...(flags.canary === undefined ? [] : [`--canary ${flags.canary}`]),
  ].join(" ");
  const progress = new SeedProgress(process.stderr, seeds.length);
  const report = await sweep({
    seeds,
    jobs,
    task,
    flags: text,
    onSeed: (result) => {
      for (const line of result.trace) process.stdout.write(`${result.seed} ${line}\n`);
      progress.done(result);
    },
  });
  progress.end();
  const shrunk =
    flags.shrink && report.violations[0] !== undefined
      ? await shrunkOf(report.violations[0], task, text)
      : undefined;
  if (report.violations.length > 0) process.exitCode = 1;
  if (flags.json)
    process.stdout.write(
      `${JSON.stringify({ ...report, ...(shrunk === undefined ? {} : { shrunk }) })}\n`,
    );
  else process.stdout.write(renderSim(report, shrunk, styleOf(process.stdout)));
};

const canaryOf = (name: string): string => {
  const names = CANARIES.map((one) => one.name);
  if (!names.includes(name)) throw refuse(`--canary knows ${names.join(", ")}, not ${name}`);
  return name;
};

const canaries = async (flags: SimFlags, firstSeed: number): Promise<void> => {
  const jobs =
    flags.jobs === undefined ? availableParallelism() : wholeOf(flags.jobs, "jobs", JOBS_MAX);
  const heard = await hearCanaries({
    jobs,
    firstSeed,
    onHeard: (one) => void process.stderr.write(`${heardLine(one)}\n`),
  });
  if (heard.some(({ seeds }) => seeds === undefined)) process.exitCode = 1;
  if (flags.json) process.stdout.write(`${JSON.stringify({ canaries: heard })}\n`);
  else process.stdout.write(renderCanaries(heard, styleOf(process.stdout)));
};

const shrunkOf = async (
  { seed, property }: SeedViolation,
  task: Omit<SeedTask, "seed">,
  flags: string,
): Promise<string> => {
  process.stderr.write(`making seed ${seed} small: ${property} has to stay broken\n`);
  const { command, runs } = await shrinkSeed(seed, property, { task, flags });
  process.stderr.write(`${count(runs)} runs\n`);
  return command;
};
