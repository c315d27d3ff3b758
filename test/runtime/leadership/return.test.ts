/** D8: all lose their sessions at once, for the consensus store was away. */
import { beforeEach, expect, it } from "vitest";
import type { Consensus } from "#ports/consensus.ts";
import { type Leadership, LOOK_MS, REJOIN_MS, RETURN_MS } from "#runtime/leadership/leadership.ts";
import type { SimConsensus } from "#sim/world/consensus.ts";
import { LeadershipRig } from "./rig.ts";

const BUCKETS = Array.from({ length: 30 }, (_, bucket) => bucket);
const NAMES = ["ann", "bea", "cyd"];
/** Until a share that is misplaced would have moved, at the least. */
const LONG_MS = 30_000;

let rig: LeadershipRig;
let store: SimConsensus;
let consensus: Consensus;
let wins: string[];
/** These try to join only when they are let. */
let isLate: ReadonlySet<string>;

const joined = (name: string): Leadership => {
  const own = rig.store.connect();
  return rig.joining(name, {
    consensus: {
      ...own,
      join: async (...asked) => {
        if (isLate.has(name)) throw new Error("no answer");
        return own.join(...asked);
      },
    },
    buckets: BUCKETS,
    won: (bucket) => wins.push(`${bucket} ${name}`),
  });
};

const pass = (ms: number): Promise<void> => rig.pass(ms);
const leaders = async (): Promise<readonly string[]> =>
  (await consensus.leaders()).map(({ bucket, holder }) => `${bucket} ${holder}`).toSorted();

beforeEach(async () => {
  [wins, isLate] = [[], new Set()];
  rig = new LeadershipRig();
  ({ store } = rig);
  consensus = store.connect();
  for (const name of NAMES) joined(name);
  await pass(LONG_MS);
  wins = [];
});

const outage = async (): Promise<void> => {
  store.isAway = true;
  await pass(LONG_MS);
  store.isAway = false;
};

it("each is led again by the one who led it, also where one is back before the others", async () => {
  const before = await leaders();
  expect(new Set(before.map((one) => one.split(" ")[1])).size).toBe(NAMES.length);
  isLate = new Set(["bea", "cyd"]);
  await outage();
  await pass(RETURN_MS / 2);
  isLate = new Set();
  await pass(REJOIN_MS + 2 * LOOK_MS);
  expect(await leaders()).toEqual(before);
  expect(wins.toSorted()).toEqual(before);
});

it("leads what one led who does not come back, once it has been waited for", async () => {
  const before = await leaders();
  isLate = new Set(["cyd"]);
  await outage();
  await pass(REJOIN_MS + 2 * LOOK_MS);
  const kept = before.filter((one) => !one.endsWith("cyd"));
  expect(await leaders()).toEqual(kept);
  await pass(RETURN_MS + 2 * LOOK_MS);
  expect(await leaders()).toHaveLength(BUCKETS.length);
});
