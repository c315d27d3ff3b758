/**
 * A supervisor in a network namespace of its own, whose cable is pulled in the middle of a job. Unlike a
 * proxy that drops bytes, it sees packets vanish: no connection of its own is kept up by anybody.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { SESSION_TTL_MS } from "#runtime/leadership/leadership.ts";
import { LocalCluster, type Supervisor } from "../cluster/local-cluster.ts";
import { FarPlace } from "../support/far-place.ts";
import { canswarm, summaryOf, until } from "./command.ts";
import { market, module, tasks, verifier, worker } from "./square-market.ts";

const NEEDS = 20;
const BUCKETS = 257;
/**
 * Its session ends SESSION_TTL_MS after the last keep-alive. What is more is for etcd and the other to see
 * it, on cores that are busy with tests.
 */
const ELSEWHERE_MS_MAX = 3 * SESSION_TTL_MS;
/** What a machine may lack. Whatever else building it fails at is a mistake of ours. */
const LACKS =
  /needs Linux|no ip \(|BusyBox|not permitted|[Pp]ermission denied|not supported|Read-only|Unknown device/;

const agents = [
  worker("w", "1", module),
  ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
];

/** Undefined: it can be had here. */
const lacking = ((): string | undefined => {
  const tried = FarPlace.open();
  if (typeof tried === "string") return tried;
  tried.remove();
  return undefined;
})();

const whereItIs = (): void => {
  let place: FarPlace;
  let cluster: LocalCluster;
  let near: Supervisor;
  let far: Supervisor;
  beforeAll(async () => {
    const opened = FarPlace.open();
    if (typeof opened === "string") throw new Error(opened);
    place = opened;
    cluster = await LocalCluster.start({ servers: 1, address: place.address });
    near = await cluster.join();
    far = await cluster.joinWithin(place.within);
  }, 60_000);
  afterAll(async () => {
    try {
      await cluster.close();
    } finally {
      place.remove();
    }
  });

  const bothLead = async (): Promise<boolean> =>
    Math.min(await cluster.ledBy(near), await cluster.ledBy(far)) > 60;

  it("is followed by the other when its cable is pulled, and leads its share when it is back", async () => {
    await until("both lead", bothLead, 30_000);
    const swarm = market(tasks(NEEDS), agents);
    const args = [swarm.tasks, "--agents", swarm.agents, "--data", cluster.folder("run"), "--json"];
    const run = canswarm("run", ...args, "--config", cluster.clientConfig);
    const some = (): boolean => (run.stderr.match(/finalized/g) ?? []).length >= 3;
    await until("some have ended", some, 40_000);
    place.pull();
    const allNear = async (): Promise<boolean> => (await cluster.ledBy(near)) === BUCKETS;
    await until("the other leads all", allNear, ELSEWHERE_MS_MAX);
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    const { finalized, credits } = summaryOf(stdout);
    expect([finalized, credits.conserved]).toEqual([NEEDS, true]);
    expect(far.running.stderr).toContain("all buckets: no keep-alive was answered in time");

    place.plug();
    await until("both lead again", bothLead, 30_000);
    swarm.remove();
  }, 120_000);
};

const whereItIsNot = (why: string): void =>
  it("cannot be had here, for a reason that is known", () => {
    expect(why).toMatch(LACKS);
  });

// It takes root, and a kernel and a container that let root make one.
if (lacking === undefined) whereItIs();
else whereItIsNot(lacking);
