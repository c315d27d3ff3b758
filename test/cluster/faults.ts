/**
 * `npm run chaos:cluster`: three supervisors over etcd ×3 and NATS ×3 do one long job, and one after the
 * other everything that they stand on is killed, frozen or wiped. Told for each fault: for how long no
 * need ended. At the end every need must have ended, every promise is held against the logs, and the
 * credits must add up.
 */

import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { Running, summaryOf } from "../integration/command.ts";
import { market, module, tasks, verifier, worker } from "../integration/square-market.ts";
import { LocalCluster, type Supervisor } from "./local-cluster.ts";

/** After these, records older than a snapshot may be nowhere (docs/operating/double-faults.md). */
const WIPING = ["a disk and a NATS server's files lost", "one gone for good, then NATS emptied"];

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
/** What has not recovered by then will not, ms. */
const RECOVERY_MS_MAX = 60_000;
const LOOK_MS = 50;
/** A rate that is not reached by then will not be, ms. */
const RATE_MS_MAX = 60_000;
/** Ends after which the job is taken to flow. */
const FLOWING = 50;
const RUN_MS_MAX = 1_200_000;
const SESSION_FREEZE_MS = 8_000;
const OUTAGE_MS = 10_000;
const LONG_OUTAGE_MS = 30_000;
const BACK_AFTER_MS = 5_000;

/** The checkers hold all logs at once: some 100 KiB of heap for a need. */
const ROOMY = { ...process.env, NODE_OPTIONS: "--max-old-space-size=12288" };

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const cluster = await LocalCluster.start({ servers: 3, isDurable: true });
for (let n = 0; n < 3; n += 1) await cluster.joinApart();

const busiest = async (): Promise<Supervisor> => {
  const { supervisors } = await cluster.status();
  const [first] = supervisors.toSorted((one, other) => other.buckets - one.buckets);
  const found = cluster.supervisors.find((one) => one.name === first?.name);
  if (found === undefined) throw new Error("nobody leads anything");
  return found;
};

const killed = async (one: Supervisor): Promise<void> => {
  one.running.child.kill("SIGKILL");
  await one.running.ended;
};

const etcdLeader = async () => {
  for (const server of cluster.etcd) if (await server.isLeader()) return server;
  throw new Error("etcd has no leader");
};

/** What a fault was to show besides, and whether it did. */
const shown: string[] = [];
const failed: string[] = [];

/** Others must lead its buckets while it is away, and it must lead some again when it is back. */
const partition = async (from: "nats" | "everything"): Promise<void> => {
  const victim = await busiest();
  const ledByIt = async (): Promise<number> =>
    (await cluster.status()).supervisors.find(({ name }) => name === victim.name)?.buckets ?? 0;
  const before = await ledByIt();
  const cutMs = performance.now();
  victim.cutOff(from);
  while ((await ledByIt()) > 0 && performance.now() < cutMs + LONG_OUTAGE_MS);
  const takenMs = performance.now() - cutMs;
  await sleep(Math.max(0, LONG_OUTAGE_MS - takenMs));
  victim.joinUp();
  const backMs = performance.now();
  while ((await ledByIt()) === 0 && performance.now() < backMs + RECOVERY_MS_MAX);
  const after = await ledByIt();
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  const text =
    `cut off from ${from}: it led none of its ${before} buckets after ${seconds(takenMs)} s, ` +
    `some again ${seconds(performance.now() - backMs)} s after its return`;
  (takenMs < LONG_OUTAGE_MS && after > 0 ? shown : failed).push(text);
};

const FAULTS: Readonly<Record<string, () => Promise<void>>> = {
  "kill -9 of the busiest supervisor": async () => {
    const victim = await busiest();
    await killed(victim);
    await sleep(BACK_AFTER_MS);
    await victim.up();
  },
  "freeze of a supervisor for 8 s": async () => {
    const victim = await busiest();
    victim.running.child.kill("SIGSTOP");
    await sleep(SESSION_FREEZE_MS);
    victim.running.child.kill("SIGCONT");
  },
  "disk of a supervisor deleted": async () => {
    const victim = await busiest();
    await killed(victim);
    rmSync(victim.data, { recursive: true, force: true });
    await victim.up();
  },
  "partition of one supervisor for 30 s": () => partition("everything"),
  "one cut off from NATS for 30 s": () => partition("nats"),
  "etcd leader killed": async () => {
    const leader = await etcdLeader();
    await leader.kill();
    await sleep(BACK_AFTER_MS);
    leader.start();
    await leader.healthy();
  },
  "etcd silent for 30 s": async () => {
    for (const server of cluster.etcd) server.freeze();
    await sleep(LONG_OUTAGE_MS);
    for (const server of cluster.etcd) server.thaw();
  },
  "all etcd stopped for 10 s": async () => {
    await Promise.all(cluster.etcd.map((server) => server.kill()));
    await sleep(OUTAGE_MS);
    for (const server of cluster.etcd) server.start();
    await Promise.all(cluster.etcd.map((server) => server.healthy()));
  },
  "a NATS server killed": async () => {
    const [server] = cluster.nats;
    await server?.kill();
    await sleep(BACK_AFTER_MS);
    await server?.restart();
  },
  "all NATS stopped for 10 s": async () => {
    await Promise.all(cluster.nats.map((server) => server.kill()));
    await sleep(OUTAGE_MS);
    await Promise.all(cluster.nats.map((server) => server.restart()));
  },
  "a disk and a NATS server's files lost": async () => {
    const [server] = cluster.nats;
    const victim = await busiest();
    await Promise.all([killed(victim), server?.kill()]);
    rmSync(victim.data, { recursive: true, force: true });
    server?.wipe();
    await victim.up();
    await server?.restart();
  },
  "two supervisors and etcd's leader": async () => {
    const leader = await etcdLeader();
    const victim = await busiest();
    const other = cluster.supervisors.find((one) => one !== victim);
    await Promise.all([
      killed(victim),
      other === undefined ? undefined : killed(other),
      leader.kill(),
    ]);
    await sleep(BACK_AFTER_MS);
    leader.start();
    await Promise.all([victim.up(), other?.up()]);
    await leader.healthy();
  },
  "one gone for good, then NATS emptied": async () => {
    const victim = await busiest();
    await killed(victim);
    await sleep(BACK_AFTER_MS);
    await Promise.all(cluster.nats.map((server) => server.kill()));
    for (const server of cluster.nats) server.wipe();
    await Promise.all(cluster.nats.map((server) => server.restart()));
    await victim.up();
  },
  "rolling restart": async () => {
    for (const one of cluster.supervisors) {
      one.running.child.kill("SIGTERM");
      await one.running.ended;
      await one.up();
    }
  },
};

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
const wanted = Object.entries(FAULTS).filter(
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
  const check = await new Running(["check", data, "--json"], ROOMY, RUN_MS_MAX).ended;
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
