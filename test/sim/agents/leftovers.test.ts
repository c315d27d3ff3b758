import { expect, it } from "vitest";
import { createApplication } from "#actors/application.ts";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import type { BucketState } from "#runtime/bucket/state.ts";
import { replayLogs } from "#runtime/replay/replay.ts";
import { planOf } from "#sim/plan/draw.ts";
import { selected } from "#sim/plan/select.ts";
import { run, type Seen } from "./small-world.ts";

const statesOf = async ({ observation }: Seen): Promise<ReadonlyMap<number, BucketState>> => {
  const { genesis, logs } = observation;
  const app = createApplication(genesis);
  return (await replayLogs(app, [...logs.keys()], (bucket) => logs.get(bucket) ?? [])).buckets;
};

/** What lives as long as the swarm does, and one row of each need that ended, under its id. */
const OWN = new Set(["ledger", "registry"]);
const NEED = /^bafy[a-z2-7]+$/;

const leftIn = (state: BucketState): unknown => ({
  actors: [...state.actors.keys()].filter((actor) => !OWN.has(actor)),
  rows: [...state.rows.keys()].filter((row) => !NEED.test(row)),
  asks: state.asks.size,
  owed: state.owed.size,
  decided: state.decided.size,
  dead: state.dead.size,
});

it.each([1, 2, 39])(
  "when all needs of seed %i have ended, nothing of them is held or kept but one row each (E5)",
  async (seed) => {
    const needs = Array.from({ length: 25 }, (_, i) => i);
    const seen = await run(selected(planOf(seed), { needs }));
    expect(seen.report.violations).toEqual([]);
    const states = await statesOf(seen);
    const nothing = { actors: [], rows: [], asks: 0, owed: 0, decided: 0, dead: 0 };
    for (const [bucket, state] of states)
      expect(leftIn(state), `bucket ${bucket}`).toEqual(nothing);
    const books = states.get(SYSTEM_BUCKET)?.actors.get("ledger")?.state as LedgerState;
    const locked = [...books.stakes.values()].reduce((sum, stake) => sum + stake.locked, 0n);
    expect([books.sums.escrows, books.sums.bonds, locked]).toEqual([0n, 0n, 0n]);
    expect([books.needs.size, books.queue.size]).toEqual([0, 0]);
  },
);
