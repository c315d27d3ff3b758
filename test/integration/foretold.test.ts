/** A need that is posted while all etcd is away: its workers have their offers ready when it is back. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRequester, createWorker } from "#agent/index.ts";
import { tokenIn } from "#gateway/tokens.ts";
import { LocalCluster, type Supervisor } from "../cluster/local-cluster.ts";
import { until } from "./command.ts";
import { market, verifier, worker, type MarketFolder } from "./square-market.ts";

const TIMEOUT_MS = 120_000;
/** A worker that writes down each need whose price it is asked for. */
const BIDDER = `
import { appendFileSync } from "node:fs";
export const bid = ({ need }) => {
  appendFileSync(new URL("./asked", import.meta.url), need.id + "\\n");
  return { price: "1", etaMs: 1_000 };
};
export const work = ({ input }) => ({ output: { square: input.n ** 2 } });
`;
const module = { module: "./module.mjs" };

let folder: MarketFolder;
let cluster: LocalCluster;
let supervisor: Supervisor;
/** Of the worker that joined over HTTP. */
const askedAfar: string[] = [];
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const verifiers = ["v1", "v2", "v3"].map((name) => verifier(name, module));
  const bidder = worker("here", "1", { module: "./bidder.mjs" });
  folder = market([], [bidder, ...verifiers]);
  folder.write("bidder.mjs", BIDDER);
  folder.write("asked", "");
  cluster = await LocalCluster.start({ servers: 1 });
  supervisor = await cluster.join("--agents", folder.agents);
  const afar = await createWorker({
    url: supervisor.url,
    token: tokenIn(supervisor.data) ?? "",
    name: "afar",
    capabilities: ["square"],
    keysDir: join(folder.folder, "keys"),
    bid: ({ need }) => {
      askedAfar.push(need.id);
      return { price: "2", etaMs: 1_000 };
    },
    work: ({ input }) => ({ output: { square: (input as { n: number }).n ** 2 } }),
  });
  closing.push(() => afar.close());
}, 60_000);
afterAll(async () => {
  for (const close of closing) await close();
  await cluster.close();
  folder.remove();
});

const askedHere = (): readonly string[] =>
  readFileSync(join(folder.folder, "asked"), "utf8").split("\n").filter(Boolean);

const foretold = async (): Promise<number> => {
  const text = await (await fetch(`${supervisor.url}/metrics`)).text();
  return Number(/^canswarm_needs_foretold (\d+)$/m.exec(text)?.[1]);
};

it(
  "asks for their bids meanwhile, ends the need after, and asks for each bid once",
  async () => {
    const requester = createRequester({
      url: supervisor.url,
      token: tokenIn(supervisor.data) ?? "",
    });
    const need = (n: number) => ({
      key: `k${n}`,
      capability: "square",
      input: { n },
      bounty: "3",
      verifyBounty: "0.1",
      kResult: 2,
    });
    const usual = await requester.run(need(2));
    expect(usual).toMatchObject({ outcome: "finalized", output: { square: 4 } });
    expect([askedHere(), askedAfar, await foretold()]).toEqual([[usual.need], [usual.need], 0]);

    const [etcd] = cluster.etcd;
    await etcd!.kill();
    const ending = requester.run(need(3));
    const areAsked = (): boolean => askedHere().length === 2 && askedAfar.length === 2;
    await until("both are asked", areAsked, 30_000);
    etcd!.start();
    await etcd!.healthy();
    const end = await ending;
    expect(end).toMatchObject({ outcome: "finalized", output: { square: 9 } });
    const once = [usual.need, end.need];
    expect([askedHere(), askedAfar, await foretold()]).toEqual([once, once, 1]);
  },
  TIMEOUT_MS,
);
