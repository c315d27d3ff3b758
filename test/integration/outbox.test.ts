/** A worker that is cut off when its work is done, and then killed: what it had done is not lost. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createRequester } from "#agent/index.ts";
import { seedOf } from "#agent/sdk/create.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { tokenIn } from "#gateway/tokens.ts";
import { LocalCluster } from "../cluster/local-cluster.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { canswarm, until, type Running } from "./command.ts";
import { Market } from "./market-process.ts";

const TIMEOUT_MS = 120_000;
/** A lease outlives the worker's absence. */
const PARAMETERS = "{ heartbeatMs: 15_000 }";

let folder: string;
let closing: (() => Promise<void> | void)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-outbox-"));
  closing = [() => rmSync(folder, { recursive: true, force: true })];
  writeFileSync(
    join(folder, "slow.mjs"),
    `import { appendFileSync, existsSync } from "node:fs";
export const work = async ({ input }) => {
  appendFileSync(${JSON.stringify(join(folder, "calls"))}, "called\\n");
  while (!existsSync(${JSON.stringify(join(folder, "go"))}))
    await new Promise((resolve) => setTimeout(resolve, 5));
  return { output: { twice: input.n * 2 } };
};
export const judge = ({ input, output }) =>
  ({ verdict: output.twice === input.n * 2 ? "pass" : "fail" });
`,
  );
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

const calls = (): number =>
  existsSync(join(folder, "calls"))
    ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n").length
    : 0;

const keys = (): string => join(folder, "keys");
/** Lines of all outboxes of this test. */
const keptLines = (): number => {
  const dir = join(keys(), "outbox");
  if (!existsSync(dir)) return 0;
  return readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), "utf8").split("\n").length - 1)
    .reduce((sum, count) => sum + count, 0);
};

const agent = async (name: string, role: string, way: readonly string[]): Promise<Running> => {
  const who = ["--name", name, "--role", role, "--capability", "double", "--price", "0.5"];
  const program = ["--keys", keys(), "--module", join(folder, "slow.mjs")];
  const one = canswarm("agent", ...way, ...who, ...program);
  closing.push(() => void one.child.kill("SIGKILL"));
  let isOver = false;
  void one.ended.then(() => (isOver = true));
  await until("it is here", () => one.stderr.includes(" is here as ") || isOver, 40_000);
  expect(one.stderr).toContain(`${name} is here as ${role}`);
  return one;
};

/** `way`: how the worker comes in, through the proxy. */
const isNotLost = async (
  url: string,
  token: string,
  way: readonly string[],
  proxy: FaultProxy,
): Promise<void> => {
  const worker = await agent("slow", "worker", way);
  const done = createRequester({ url, token }).run({
    key: "cut",
    capability: "double",
    input: { n: 21 },
    bounty: "1",
    verifyBounty: "0.1",
  });
  await until("it works", () => calls() === 1, 40_000);
  proxy.cut();
  writeFileSync(join(folder, "go"), "");
  await until("it has kept its result", () => keptLines() === 1, 20_000);
  worker.child.kill("SIGKILL");
  await worker.ended;
  proxy.mend();
  const again = await agent("slow", "worker", way);
  expect(await done).toMatchObject({ outcome: "finalized", output: { twice: 42 } });
  await until("it is told", () => /merged: COMMIT in \w+/.test(again.stderr), 10_000);
  expect(calls()).toBe(1);
};

it(
  "is merged over HTTP when the worker is back, and the work is done once",
  { timeout: TIMEOUT_MS },
  async () => {
    const market = new Market();
    closing.push(() => market.close());
    const config = join(folder, "supervisor.config.mjs");
    writeFileSync(
      config,
      `const host = { name: "host", threads: 1, restartsMax: 5, restartWindowMs: 60_000 };
const tree = { name: "canswarm", strategy: "one-for-one", children: [host] };
export default { hosts: 1, parameters: ${PARAMETERS}, tree };
`,
    );
    await market.up("--config", config);
    const proxy = await FaultProxy.to(Number(new URL(market.url).port));
    closing.push(() => proxy.close());
    await agent("judge", "verifier", market.to);
    const way = ["--url", `http://127.0.0.1:${proxy.port}`, "--token", market.token];
    await isNotLost(market.url, market.token, way, proxy);
  },
);

it(
  "is merged over NATS when the worker is back, and the work is done once",
  { timeout: TIMEOUT_MS },
  async () => {
    const cluster = await LocalCluster.start({ servers: 1, parameters: PARAMETERS });
    closing.push(() => cluster.close());
    const first = await cluster.join();
    const [nats] = cluster.nats;
    const proxy = await FaultProxy.to(nats!.port);
    closing.push(() => proxy.close());
    await agent("judge", "verifier", ["--url", first.url, "--data", first.data]);
    const { did } = signerFromSeed(seedOf("slow", keys()));
    const to = ["--url", first.url, "--data", first.data];
    const name = ["--name", "slow", "--role", "worker"];
    const { stdout } = await canswarm("welcome", did, ...name, ...to).ended;
    const welcome = join(folder, "welcome.json");
    writeFileSync(welcome, stdout);
    const place = ["--nats", `nats://127.0.0.1:${proxy.port}`, "--cluster", "local"];
    const way = [...place, "--welcome", welcome];
    await isNotLost(first.url, tokenIn(first.data) ?? "", way, proxy);
  },
);
