/**
 * `npm run chaos:cluster`: three supervisors over etcd ×3 and NATS ×3 do one long job, and one after the
 * other everything that they stand on is killed, frozen or wiped. Told for each fault: for how long no
 * need ended. At the end every need must have ended, every promise is held against the logs, and the
 * credits must add up.
 */

import type { ChildProcess } from "node:child_process";
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { Running, summaryOf } from "../integration/command.ts";
import { market, module, tasks, verifier, worker } from "../integration/square-market.ts";
import { LocalCluster } from "./local-cluster.ts";
import { RECOVERY_MS_MAX, strikesOn, WIPING } from "./strikes.ts";

const HELP = `npm run chaos:cluster -- [options]
  --needs <n>     of the whole job (default 24000, enough for all faults at 60 ends a second)
  --only <fault>  this fault alone; may be repeated. Two are struck only if they are named, for what a disk
                  had alone is gone with it: ${WIPING.map((name) => `"${name}"`).join(", ")}
  --rate <n>      a fault is struck once so many needs end a second (default 0; a minute is waited for it)
  --verbose       what the job tells, too
Exit code 1 where a need was lost or a promise broken.
`;

const { values: flags } = parseArgs({
  options: {
    needs: { type: "string", default: "24000" },
    rate: { type: "string", default: "0" },
    only: { type: "string", multiple: true },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

/** Nothing is done to it for so long before a fault and after its recovery, ms. */
const CALM_MS = 4_000;
const LOOK_MS = 50;
/** A rate that is not reached by then will not be, ms. */
const RATE_MS_MAX = 60_000;
/** Ends after which the job is taken to flow. */
const FLOWING = 50;
const RUN_MS_MAX = 1_200_000;

/** The checkers hold all logs at once: some 100 KiB of heap for a need. */
const ROOMY = { ...process.env, NODE_OPTIONS: "--max-old-space-size=12288" };

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const cluster = await LocalCluster.start({ servers: 3, isDurable: true });
const programs = new Set<ChildProcess>();
cluster.closeWhenInterrupted(programs);
for (let n = 0; n < 3; n += 1) await cluster.joinApart();
const { faults, shown, failed } = strikesOn(cluster);

const agents = [
  worker("w1", "1", module),
  worker("w2", "1", module),
  ...["v1", "v2", "v3", "v4"].map((name) => verifier(name, module, { stake: "5000000" })),
];
const swarm = market(tasks(Number(flags.needs), { deadlineMs: 600_000 }), agents);
const data = cluster.folder("job");
const args = [swarm.tasks, "--agents", swarm.agents, "--data", data, "--json"];
const run = new Running(
  ["run", ...args, "--config", cluster.clientConfig],
  process.env,
  RUN_MS_MAX,
);
programs.add(run.child);
if (flags.verbose) run.child.stderr?.pipe(process.stderr);
let isOver = false;
void run.ended.then(() => (isOver = true));

/** Moments at which needs had ended, as the job tells once a second: a long job has no line for each. */
const endedMs: number[] = [performance.now()];
run.child.stderr?.on("data", (text: string) => {
  for (const [, outcomes = ""] of String(text).matchAll(/^(.*), [\d,]+ open, [\d.]+ needs\/s$/gm)) {
    const counts = (outcomes.match(/\d[\d,]*/g) ?? []).map((one) =>
      Number(one.replaceAll(",", "")),
    );
    const ended = counts.reduce((sum, one) => sum + one, 0);
    while (endedMs.length <= ended) endedMs.push(performance.now());
  }
});

/** The longest time between two ends since then, ms. */
const stillSince = (fromMs: number): number => {
  const moments = [fromMs, ...endedMs.filter((at) => at >= fromMs), performance.now()];
  return Math.max(...moments.slice(1).map((at, n) => at - moments[n]!));
};

const rateSince = (fromMs: number): number =>
  endedMs.filter((at) => at >= fromMs).length / ((performance.now() - fromMs) / 1_000);

/** Whether a fault has to wait: for calm, and for the rate that was asked for. */
const isEarly = (fromMs: number, rate: number): boolean => {
  const waitedMs = performance.now() - fromMs;
  return waitedMs < CALM_MS || (rate < Number(flags.rate) && waitedMs < RATE_MS_MAX);
};

while (!isOver && endedMs.length < FLOWING) await sleep(LOOK_MS);
const wanted = Object.entries(faults).filter(
  ([name]) => flags.only?.includes(name) ?? !WIPING.includes(name),
);
say("fault                                no need ended for   ends/s before   (to a second)");
const notStruck: string[] = [];
for (const [name, strike] of wanted) {
  const calmFromMs = performance.now();
  const calmRate = (): number => rateSince(performance.now() - CALM_MS);
  do await sleep(CALM_MS / 4);
  while (!isOver && isEarly(calmFromMs, calmRate()));
  if (isOver) {
    notStruck.push(name);
    continue;
  }
  const rate = calmRate();
  const fromMs = performance.now();
  await strike();
  const struckMs = performance.now();
  const deadlineMs = struckMs + RECOVERY_MS_MAX;
  while (!isOver && performance.now() < deadlineMs && (endedMs.at(-1) ?? 0) < struckMs)
    await sleep(LOOK_MS);
  // Its last needs, and the reading of all logs for its summary, are no measure of the fault.
  const hasEnded = endedMs.length > Number(flags.needs);
  const still = hasEnded ? "the job's end came" : `${(stillSince(fromMs) / 1_000).toFixed(2)} s`;
  say(`${name.padEnd(36)} ${still.padStart(17)} ${rate.toFixed(0).padStart(15)}`);
}

const { code, stdout, stderr } = await run.ended;
let isSound = code === 0;
if (code === 0) {
  const { needs, finalized, outcomes, credits } = summaryOf(stdout);
  const checking = new Running(["check", data, "--json"], ROOMY, RUN_MS_MAX);
  programs.add(checking.child);
  const check = await checking.ended;
  isSound = credits.conserved && check.code === 0;
  say(`\n${finalized} of ${needs} needs finalized, ${JSON.stringify(outcomes)}`);
  say(`credits ${credits.conserved ? "conserved" : "NOT CONSERVED"}`);
  say(
    check.code === 0
      ? "every promise holds in the logs"
      : `check: ${check.stdout.slice(0, 2_000)}${check.stderr.slice(-2_000)}`,
  );
} else say(`the job ended with ${code}: ${stderr.slice(-2_000)}`);
for (const text of shown) say(text);
for (const text of failed) say(`NOT AS IT SHOULD BE: ${text}`);
for (const name of notStruck) say(`not struck, the job was over: ${name}`);
for (const { name, running } of cluster.supervisors)
  if (/UNEXPECTED|halted/.test(running.stderr)) say(`${name}: ${running.stderr.slice(-500)}`);
swarm.remove();
await cluster.close();
process.exit(isSound && failed.length === 0 ? 0 : 1);
