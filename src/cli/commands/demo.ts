/** `canswarm demo`, the main job of `npm start`: real minifiers and some cheats on real files. */

import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { decode } from "#envelope/canonical.ts";
import { formatCredits } from "#protocol/amount.ts";
import { auditLines } from "../audit/write-file.ts";
import { chooseFiles, describeChoice, FILES_COUNT, type ChosenFile } from "../demo/files.ts";
import { cheatOfWorker, demoAgents, demoTasks } from "../demo/market.ts";
import { byteLength, closeTools, type Minified } from "../demo/minifiers.ts";
import { sampleOf, tryMutants, type Accepted } from "../demo/mutants.ts";
import { recompute, type Finalized } from "../demo/recompute.ts";
import { renderReport, type NeedDetail } from "../demo/report.ts";
import { parseAmount } from "../input/amount.ts";
import { styleOf } from "../display.ts";
import { CliError } from "../errors.ts";
import { quoted, WIDTH_PIPED } from "../summary-text.ts";
import type { RunSummary } from "../summary.ts";
import type { RunningSwarm } from "../swarm/running-swarm.ts";
import type { NeedStory } from "../swarm/log-report.ts";
import type { RunResult } from "../swarm/summarize.ts";
import { runParsed } from "./run.ts";

interface DemoFlags {
  readonly data?: string;
  readonly config?: string;
  readonly files: string;
  readonly json: boolean;
  readonly each: boolean;
}

const FILES_MAX = 1_000;
const AUDIT_FILE = "audit.jsonl";
/** Where `npm run demo:judge` finds the last audit. */
const LAST_FILE = ".cache/last-demo";

/** The folder that holds node_modules: src/cli/commands lies three deep in the checkout. */
const root = fileURLToPath(new URL("../../../", import.meta.url));

const MARKET = `
Five minifiers compete for each file, each cheapest at another size. A sixth
worker has a tool that nobody else knows. Four more are far cheaper than all of
them, and cheat: empty output, an export dropped, an operator changed, a false
size. Three verifiers of other orgs run what a worker declares once more and
compare every byte, or, for an unknown tool, what its result does; two must
agree before anybody is paid.
`;

const countOf = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= FILES_MAX) return value;
  const reason = `--files takes a whole number from 1 to ${FILES_MAX}, not ${text}`;
  throw new CliError("USAGE", { reason, command: "demo" });
};

export const demo = async (flags: DemoFlags): Promise<number> => {
  if (!existsSync(`${root}node_modules/esbuild`))
    throw new CliError("CHECKOUT_NEEDED", { command: "demo" });
  const choice = await chooseFiles(root, countOf(flags.files));
  const screen = flags.json ? process.stderr : process.stdout;
  const say = (text: string): void => void screen.write(text);
  say(`${describeChoice(choice, styleOf(screen).width ?? WIDTH_PIPED)}\n${MARKET}\n`);
  const results: Finalized[] = [];
  const details: NeedDetail[] = [];
  const outcome = await runParsed(
    { tasks: demoTasks(choice.files), agents: demoAgents(), folder: root },
    {
      ...(flags.data === undefined ? {} : { data: flags.data }),
      ...(flags.config === undefined ? {} : { config: flags.config }),
      inspect: async (swarm, result) => {
        results.push(...(await finalizedOf(swarm, result, choice.files)));
        details.push(...detailsOf(result, results, choice.files));
      },
    },
  );
  const differences = await recompute(results);
  const mutants = await tryMutants(sampleOf(results.map(acceptedOf)));
  await closeTools();
  const { summary, restarts, dir } = outcome;
  const audit = join(dir, AUDIT_FILE);
  await pipeline(Readable.from(auditLines(dir)), createWriteStream(audit));
  mkdirSync(dirname(join(root, LAST_FILE)), { recursive: true });
  writeFileSync(join(root, LAST_FILE), `${resolve(audit)}\n`);
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ ...summary, restarts, differences, mutants })}\n`);
  else
    say(
      `\n${renderReport(
        {
          summary,
          details,
          restarts,
          recomputed: { results: results.length, differences },
          mutants,
          each: flags.each,
          audit,
          checks: ["npm run demo:judge", `npx canswarm replay ${quoted(audit)}`],
        },
        styleOf(process.stdout),
      )}`,
    );
  const ended = summary.tasks.every((task) => task.outcome !== "open");
  const isCheated = summary.tasks.some(
    ({ outcome, worker }) =>
      outcome === "finalized" && worker !== undefined && cheatOfWorker(worker) !== undefined,
  );
  const missed = mutants.reduce((sum, row) => sum + row.missed, 0);
  const isSound = differences.length === 0 && missed === 0 && !isCheated;
  return ended && isSound && addsUp(summary.credits) ? 0 : 1;
};

const acceptedOf = ({ path, absolute, output }: Finalized): Accepted => ({
  file: { path, text: readFileSync(absolute, "utf8") },
  output: output as Minified,
});

/** Conserved as the ledger says, and by adding up what is printed. */
const addsUp = ({ minted, balances, burned, conserved }: RunSummary["credits"]): boolean => {
  const amounts = [...Object.values(balances), burned].map((amount) => parseAmount(amount) ?? 0n);
  return conserved && amounts.reduce((sum, amount) => sum + amount, 0n) === parseAmount(minted);
};

/** What was accepted, by file: from the log where it is small, else the block of its CID. */
const finalizedOf = async (
  swarm: RunningSwarm,
  { summary, report }: RunResult,
  files: readonly ChosenFile[],
): Promise<Finalized[]> => {
  const found: Finalized[] = [];
  for (const { id, need, outcome } of summary.tasks) {
    const file = files.find(({ path }) => path === id);
    const story = report.needs.get(need);
    const artifact = story?.artifact;
    if (outcome !== "finalized" || file === undefined || artifact === undefined) continue;
    const inline = story?.outputs.get(artifact);
    const block = inline === undefined ? await swarm.store.get(artifact) : undefined;
    const output = inline ?? (block === undefined ? undefined : decode(block));
    found.push({ path: file.path, absolute: file.absolute, output });
  }
  return found;
};

const detailsOf = (
  { summary, report, latencies, names }: RunResult,
  results: readonly Finalized[],
  files: readonly ChosenFile[],
): NeedDetail[] =>
  summary.tasks.map(({ id, need, worker }) => {
    const story = report.needs.get(need);
    const output = results.find(({ path }) => path === id)?.output as Minified | undefined;
    const latencyMs = latencies.get(need);
    const bytes = files.find(({ path }) => path === id)?.bytes;
    return {
      id,
      need,
      ...(worker === undefined ? {} : { worker }),
      ...(bytes === undefined ? {} : { bytesIn: bytes }),
      ...(output === undefined ? {} : { bytesOut: byteLength(output.code) }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...priceOf(story),
      attempts: (story?.attempts ?? []).map((attempt, n) => {
        const name = attempt.worker === undefined ? undefined : names.get(attempt.worker);
        const reason = attempt.objections[0] ?? attempt.reason;
        return {
          attempt: n + 1,
          outcome: attempt.outcome,
          ...(name === undefined ? {} : { worker: name }),
          ...(reason === undefined ? {} : { reason }),
        };
      }),
    };
  });

const priceOf = (story: NeedStory | undefined): { price?: string } => {
  const last = story?.attempts.at(-1);
  return last?.outcome === "finalized" ? { price: formatCredits(last.earned) } : {};
};

export const addDemo = (program: Command): void => {
  program
    .command("demo")
    .summary("the main job of npm start: agents minify real files for credits, some of them cheat")
    .option("--data <dir>", "data folder; without it a fresh one for temporary files")
    .option("--config <file>", "another supervisor.config.ts")
    .option("--files <n>", "how many files", String(FILES_COUNT))
    .option("--each", "a row for each file, however many", false)
    .option("--json", "print one JSON summary as the last line", false)
    .addHelpText("after", "\nExample:\n  canswarm demo --files 6 --data ./demo")
    .action(async (flags: DemoFlags) => {
      process.exitCode = await demo(flags);
    });
};
