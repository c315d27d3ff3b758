/**
 * A flood of needs over HTTP: 64 connections that post as fast as they are answered, heeding no
 * Retry-After, to a supervisor with 2 workers and 3 verifiers.
 *
 * Told: accepted a second (all, and each whole second), how soon a 429 comes, the p99 of GET /healthz
 * meanwhile, how long it takes to pause one worker and to let it go again, the most
 * resident memory of all processes of the supervisor, and whether every accepted
 * need has ended. Beside it stands the limit of the same run: how fast this gateway answers requests
 * that cost nothing else, before the flood.
 *
 * Usage: node bench/flood/main.ts [--requests 200000] [--connections 64]
 */

import { Agent } from "node:http";
import { parseArgs } from "node:util";
import { askSupervisor } from "#cli/swarm/control-client.ts";
import { lanes, round, supervised } from "../support/supervisor.ts";
import { percentile } from "../support/statistics.ts";

const { values: flags } = parseArgs({
  options: {
    requests: { type: "string", default: "200000" },
    connections: { type: "string", default: "64" },
  },
});
const REQUESTS = Number(flags.requests);
const CONNECTIONS = Number(flags.connections);
const LIMIT_REQUESTS = 20_000;
const HEALTH_EVERY_MS = 20;
const MEMORY_EVERY_MS = 250;
const PAUSE_EVERY_MS = 2_000;
const MEBIBYTE = 1024 * 1024;

const { ask, data, residentBytes, stop } = await supervised();
const keep = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const healthz = { method: "GET", path: "/healthz" } as const;
const each = (count: number, run: (n: number) => Promise<void>): Promise<unknown> =>
  lanes(CONNECTIONS, count, run);

const limitStartMs = performance.now();
await each(LIMIT_REQUESTS, async () => void (await ask(keep, healthz)));
const limitPerSecond = (LIMIT_REQUESTS / (performance.now() - limitStartMs)) * 1_000;

const accepted: string[] = [];
const acceptedBySecond: number[] = [];
const statuses = new Map<number, number>();
const acceptedMs: number[] = [];
const lateMs: number[] = [];
const healthMs: number[] = [];
let memory = 0;
const health = new Agent({ keepAlive: true, maxSockets: 1 });
const watchHealth = setInterval(
  () => void ask(health, healthz).then(({ ms }) => healthMs.push(ms)),
  HEALTH_EVERY_MS,
);
const pausedMs: number[] = [];
let paused = false;
const pauseAndResume = setInterval(() => {
  paused = !paused;
  const sentMs = performance.now();
  void askSupervisor(data, { do: "pause", who: "w2", paused }).then(() =>
    pausedMs.push(performance.now() - sentMs),
  );
}, PAUSE_EVERY_MS);
const watchMemory = setInterval(() => {
  memory = Math.max(memory, residentBytes());
}, MEMORY_EVERY_MS);

const startMs = performance.now();
await each(REQUESTS, async (n) => {
  const need = { key: `k${n}`, capability: "square", input: { n }, kResult: 2 };
  const body = JSON.stringify({ ...need, bounty: "1", verifyBounty: "0.1" });
  const answer = await ask(keep, { method: "POST", path: "/v1/needs", body });
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  if (answer.status !== 201) {
    lateMs.push(answer.ms);
    return;
  }
  accepted.push((JSON.parse(answer.body) as { need: string }).need);
  acceptedMs.push(answer.ms);
  const second = Math.floor((performance.now() - startMs) / 1_000);
  acceptedBySecond[second] = (acceptedBySecond[second] ?? 0) + 1;
});
const floodMs = performance.now() - startMs;
clearInterval(watchHealth);
clearInterval(pauseAndResume);
if (paused) await askSupervisor(data, { do: "pause", who: "w2", paused: false });

const outcomes = new Map<string, number>();
let pending = accepted;
while (pending.length > 0) {
  const open: string[] = [];
  const asked = pending;
  await each(asked.length, async (n) => {
    const need = asked[n] ?? "";
    const { body } = await ask(keep, { method: "GET", path: `/v1/needs/${need}` });
    const { outcome } = JSON.parse(body) as { outcome?: string };
    if (outcome === undefined) open.push(need);
    else outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  });
  pending = open;
}
clearInterval(watchMemory);
await stop();
keep.destroy();
health.destroy();

const whole = Array.from(
  { length: Math.floor(floodMs / 1_000) },
  (_, n) => acceptedBySecond[n] ?? 0,
);
const both = (values: readonly number[]): object => ({
  p50: round(percentile(values, 0.5)),
  p99: round(percentile(values, 0.99)),
});
const result = {
  requests: REQUESTS,
  seconds: round(floodMs / 1_000),
  requestsPerSecond: Math.round((REQUESTS / floodMs) * 1_000),
  limitPerSecond: Math.round(limitPerSecond),
  ratio: Math.round(((REQUESTS / floodMs) * 1_000_000) / limitPerSecond) / 1_000,
  statuses: Object.fromEntries(statuses),
  acceptedPerSecond: Math.round((accepted.length / floodMs) * 1_000),
  acceptedInWorstSecond: Math.min(...whole),
  acceptedBySecond: whole,
  acceptedMs: both(acceptedMs),
  lateMs: both(lateMs),
  healthMs: both(healthMs),
  pauses: { count: pausedMs.length, mostMs: round(Math.max(...pausedMs)) },
  residentMiB: Math.round(memory / MEBIBYTE),
  outcomes: Object.fromEntries(outcomes),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
