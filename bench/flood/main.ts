/**
 * A flood of needs over HTTP: `canswarm up` in a process of its own, with 2 workers and 3 verifiers, and
 * here 64 connections that post as fast as they are answered, heeding no Retry-After.
 *
 * Told: accepted a second (all, and the worst whole second), how soon a 429 comes, the p99 of GET /healthz
 * meanwhile, the most resident memory of all processes of the supervisor, and whether every accepted
 * need has ended. Beside it stands the limit of the same run: how fast this gateway answers requests
 * that cost nothing else, before the flood.
 *
 * Usage: node bench/flood/main.ts [--requests 200000] [--connections 64] [--json]
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({
  options: {
    requests: { type: "string", default: "200000" },
    connections: { type: "string", default: "64" },
    json: { type: "boolean", default: false },
  },
});
const REQUESTS = Number(flags.requests);
const CONNECTIONS = Number(flags.connections);
const LIMIT_REQUESTS = 20_000;
const HEALTH_EVERY_MS = 20;
const MEMORY_EVERY_MS = 250;
const PAGE_BYTES = 4_096;
const MEBIBYTE = 1024 * 1024;

const root = fileURLToPath(new URL("../../", import.meta.url));
const module = fileURLToPath(new URL("agent.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "canswarm-flood-"));
const agent = (name: string, role: string): object => ({
  name,
  role,
  capabilities: ["square"],
  ...(role === "worker" ? { price: "1", credits: "10000000" } : { stake: "10000000" }),
  run: { module },
});
writeFileSync(
  join(folder, "agents.json"),
  JSON.stringify({
    agents: [
      ...["w1", "w2"].map((name) => agent(name, "worker")),
      ...["v1", "v2", "v3"].map((name) => agent(name, "verifier")),
    ],
  }),
);

const data = join(folder, "data");
const args = [`${root}src/cli/main.ts`, "up", "--data", data, "--port", "0", "--json"];
const supervisor = spawn(process.execPath, [...args, "--agents", join(folder, "agents.json")], {
  stdio: ["ignore", "pipe", "inherit"],
});
process.once("exit", () => supervisor.kill("SIGKILL"));
const { url } = await new Promise<{ url: string }>((resolve) =>
  supervisor.stdout.once("data", (line: Buffer) => resolve(JSON.parse(line.toString()))),
);
const token = readFileSync(join(data, "token"), "utf8").trim();
const { hostname, port } = new URL(url);

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

const ask = (keep: Agent, method: string, path: string, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    };
    const sent = request({ hostname, port, method, path, agent: keep, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, body: text, ms: performance.now() - startedMs }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Resident bytes of the supervisor and everything below it. */
const residentBytes = (): number => {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const below = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === supervisor.pid) return true;
    return false;
  };
  let pages = 0;
  for (const pid of parents.keys()) {
    if (!below(pid)) continue;
    try {
      pages += Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return pages * PAGE_BYTES;
};

const keep = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const each = (count: number, run: (n: number) => Promise<void>): Promise<unknown> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  return Promise.all(Array.from({ length: CONNECTIONS }, lane));
};

const limitStartMs = performance.now();
await each(LIMIT_REQUESTS, async () => void (await ask(keep, "GET", "/healthz")));
const limitPerSecond = (LIMIT_REQUESTS / (performance.now() - limitStartMs)) * 1_000;

const accepted: string[] = [];
const acceptedBySecond: number[] = [];
const statuses = new Map<number, number>();
const latenciesMs: Record<"accepted" | "late", number[]> = { accepted: [], late: [] };
const healthMs: number[] = [];
let memory = 0;
const health = new Agent({ keepAlive: true, maxSockets: 1 });
const watchHealth = setInterval(
  () => void ask(health, "GET", "/healthz").then(({ ms }) => healthMs.push(ms)),
  HEALTH_EVERY_MS,
);
const watchMemory = setInterval(() => {
  memory = Math.max(memory, residentBytes());
}, MEMORY_EVERY_MS);

const startMs = performance.now();
await each(REQUESTS, async (n) => {
  const need = { key: `k${n}`, capability: "square", input: { n }, kResult: 2 };
  const body = JSON.stringify({ ...need, bounty: "1", verifyBounty: "0.1" });
  const answer = await ask(keep, "POST", "/v1/needs", body);
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  if (answer.status !== 201) {
    latenciesMs.late.push(answer.ms);
    return;
  }
  accepted.push((JSON.parse(answer.body) as { need: string }).need);
  latenciesMs.accepted.push(answer.ms);
  const second = Math.floor((performance.now() - startMs) / 1_000);
  acceptedBySecond[second] = (acceptedBySecond[second] ?? 0) + 1;
});
const floodMs = performance.now() - startMs;
clearInterval(watchHealth);

const outcomes = new Map<string, number>();
let pending = accepted;
while (pending.length > 0) {
  const open: string[] = [];
  await each(pending.length, async (n) => {
    const need = pending[n]!;
    const { body } = await ask(keep, "GET", `/v1/needs/${need}`);
    const { outcome } = JSON.parse(body) as { outcome?: string };
    if (outcome === undefined) open.push(need);
    else outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  });
  pending = open;
}
clearInterval(watchMemory);
supervisor.kill("SIGTERM");
await new Promise((resolve) => supervisor.once("exit", resolve));
keep.destroy();
health.destroy();
rmSync(folder, { recursive: true, force: true });

for (const list of [healthMs, latenciesMs.accepted, latenciesMs.late]) list.sort((a, b) => a - b);
const whole = acceptedBySecond.slice(0, Math.floor(floodMs / 1_000)).map((n) => n ?? 0);
const round = (value: number): number => Math.round(value * 10) / 10;
const result = {
  requests: REQUESTS,
  seconds: round(floodMs / 1_000),
  requestsPerSecond: Math.round((REQUESTS / floodMs) * 1_000),
  limitPerSecond: Math.round(limitPerSecond),
  ratio: round((REQUESTS / floodMs) * 1_000) / round(limitPerSecond),
  statuses: Object.fromEntries(statuses),
  acceptedPerSecond: Math.round((accepted.length / floodMs) * 1_000),
  acceptedInWorstSecond: Math.min(...whole),
  acceptedBySecond: whole,
  acceptedMs: {
    p50: round(percentile(latenciesMs.accepted, 0.5)),
    p99: round(percentile(latenciesMs.accepted, 0.99)),
  },
  lateMs: {
    p50: round(percentile(latenciesMs.late, 0.5)),
    p99: round(percentile(latenciesMs.late, 0.99)),
  },
  healthMs: { p50: round(percentile(healthMs, 0.5)), p99: round(percentile(healthMs, 0.99)) },
  residentMiB: Math.round(memory / MEBIBYTE),
  outcomes: Object.fromEntries(outcomes),
};
process.stdout.write(
  flags.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`,
);
