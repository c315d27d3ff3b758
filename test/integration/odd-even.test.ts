/** A cheap liar, a dear honest worker, one-shot verifiers: what is wrong is neither kept nor paid. */

import { afterEach, expect, test } from "vitest";
import { decimal, readLog, reckon } from "./books.ts";
import { runToEnd } from "./command.ts";
import {
  lines,
  market,
  once,
  tasks,
  verifier,
  worker,
  type MarketFolder,
} from "./square-market.ts";

const NEEDS = 24;
const TIMEOUT_MS = 90_000;

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

test.for([
  ["three verifiers that look", once()],
  ["one of the three passes everything", once("lazy")],
] as const)(
  "%s: every output is right and the liar earns nothing by lies",
  { timeout: TIMEOUT_MS },
  async ([, third]) => {
    folder = market(tasks(NEEDS), [
      worker("liar", "1", lines("liar")),
      worker("honest", "2", lines()),
      verifier("v1", once()),
      verifier("v2", once()),
      verifier("v3", third),
    ]);
    const summary = await runToEnd(folder.args);
    expect(summary.outcomes).toEqual({ finalized: NEEDS });
    for (const { id, output } of summary.tasks)
      expect(output).toEqual({ square: Number(id.slice(1)) ** 2 });

    const books = reckon(readLog(folder.data));
    expect(books.wrong).toEqual([]);
    const did = new Map(summary.agents.map((agent) => [agent.name, agent.did]));
    const liar = did.get("liar") ?? "";
    const attempts = [...books.needs.values()].flatMap((need) =>
      [...need.attempts.values()].map((end) => ({
        ...end,
        even: Number(need.key.slice(1)) % 2 === 0,
      })),
    );
    const ofLiar = attempts.filter((attempt) => attempt.worker === liar);
    expect(ofLiar.filter(({ even }) => even).map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: NEEDS / 2 }, () => "rejected"),
    );
    // Each lie cost it its bond of 0.1; late work may have cost it a part of its price, never more of it.
    const earned = books.earned.get(liar) ?? 0n;
    expect(earned).toBeGreaterThan(0n);
    expect(earned).toBeLessThanOrEqual(BigInt(NEEDS / 2) * 1_000_000n);
    const held = books.accounts.get(liar) ?? 0n;
    expect(held).toBe(1_000_000_000n + earned - BigInt(NEEDS / 2) * 100_000n);
    // Nobody's lease or vote ran out: one-shot programs queue, and queueing is no failure.
    expect(new Set(attempts.map(({ outcome }) => outcome))).toEqual(
      new Set(["rejected", "finalized"]),
    );
    for (const [name, agent] of did)
      expect(summary.credits.balances[name]).toBe(decimal(books.accounts.get(agent) ?? 0n));
  },
);
