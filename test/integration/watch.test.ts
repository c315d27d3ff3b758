/** What a page is told of a real swarm: from the log, the books and the registry. */

import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRequester } from "#agent/index.ts";
import { eventsOf } from "#agent/http/event-stream.ts";
import { Market } from "./market-process.ts";

const AGENTS = fileURLToPath(new URL("../../examples/exec/agents.json", import.meta.url));

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

interface Picture {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly credits: { readonly conserved: boolean };
  readonly latencyMs: { readonly p50?: number };
  readonly needs: readonly object[];
  readonly agents: readonly { readonly name: string; readonly lost: string }[];
}

test(
  "a watcher sees needs end, agents earn and lose, and credits conserved, without a need's whole id",
  { timeout: 60_000 },
  async () => {
    await market.up("--agents", AGENTS);
    const stop = new AbortController();
    const answer = await fetch(`${market.url}/v1/events`, { signal: stop.signal });
    const requester = createRequester({ url: market.url, token: market.token });
    const asked = requester.run({
      key: "one",
      capability: "sum",
      input: { numbers: "3 4" },
      bounty: "1",
      verifyBounty: "0.1",
    });
    let last: Picture | undefined;
    let text = "";
    for await (const { data } of eventsOf(answer.body!, () => undefined)) {
      text = data;
      last = JSON.parse(data) as Picture;
      if (last.outcomes["finalized"] === 1) break;
    }
    stop.abort();
    const { need, outcome } = await asked;
    expect(outcome).toBe("finalized");
    expect(text).not.toContain(need);
    expect(last?.needs).toMatchObject([
      { id: need.slice(-8), capability: "sum", state: "finalized", worker: "adder", attempt: 2 },
    ]);
    expect(last?.credits.conserved).toBe(true);
    expect(last?.latencyMs.p50).toBeGreaterThan(0);
    expect(last?.agents.find(({ name }) => name === "adder")).toMatchObject({
      won: 1,
      finalized: 1,
      earned: "0.8",
      lost: "0",
      listing: "hired",
    });
    const careless = last?.agents.find(({ name }) => name === "careless");
    expect(careless).toMatchObject({ won: 1, finalized: 0, earned: "0", lost: "0.05" });
  },
);
