/** A host thread that dies while its supervisor is cut off from NATS: it waits, and keeps nobody waiting. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { LocalCluster, type Supervisor } from "../cluster/local-cluster.ts";
import { canswarm, summaryOf, until } from "./command.ts";
import { market, module, tasks, verifier, worker } from "./square-market.ts";

const NEEDS = 40;
/** Of its first thread: in the middle of the job. */
const TURN = 10;
const agents = [
  worker("w", "1", module),
  ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
];

let cluster: LocalCluster;
let other: Supervisor;
let apart: Supervisor;
beforeAll(async () => {
  cluster = await LocalCluster.start({ servers: 1, hosts: 2 });
  other = await cluster.join();
  apart = await cluster.joinApart("--fault", `thread:exit@${TURN}`);
}, 60_000);
afterAll(() => cluster.close());

it("dies once, and all of its supervisor's buckets go to the other meanwhile", async () => {
  const bothLead = async (): Promise<boolean> =>
    (await cluster.ledBy(apart)) > 60 && (await cluster.ledBy(other)) > 60;
  await until("both lead", bothLead, 30_000);
  const swarm = market(tasks(NEEDS), agents);
  const args = [swarm.tasks, "--agents", swarm.agents, "--data", cluster.folder("run"), "--json"];
  const run = canswarm("run", ...args, "--config", cluster.clientConfig);
  const says = (text: string): boolean => apart.running.stderr.includes(text);
  await until("its first thread dies", () => says("thread 0 died: exit"), 40_000);
  // A thread takes longer to start than the cut.
  apart.cutOff("nats");
  await until("the new thread waits", () => says("a thread waits: BUS_UNREACHABLE"), 30_000);
  await until("the other leads all", async () => (await cluster.ledBy(apart)) === 0, 30_000);
  const { code, stdout, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  const { finalized, credits } = summaryOf(stdout);
  expect([finalized, credits.conserved]).toEqual([NEEDS, true]);

  apart.joinUp();
  await until("the thread is back", () => says("thread 0 is back from its log"), 30_000);
  await until("both lead again", bothLead, 30_000);
  expect(apart.running.stderr.match(/ died: .*/g)).toEqual([" died: exit"]);
  swarm.remove();
}, 150_000);
