import { expect, it } from "vitest";
import { World, type Cast } from "../support/world.ts";

const CREDIT = 1_000_000n;
const UNBONDING_MS = 9_000;
const cast: readonly Cast[] = [
  { name: "v", roles: ["verifier"], capability: "job", org: "v", stake: 200n * CREDIT },
];

it("a publication that is due in the turn in which unbonded stake is paid out comes after it", async () => {
  const world = await World.open(cast, { unbondingMs: UNBONDING_MS });
  await world.accept("v", "UNSTAKE", { amount: 50n * CREDIT });
  await world.advance(UNBONDING_MS - 100);
  const balance = (): bigint | undefined => new Map(world.books().balances).get(world.did("v"));
  const before = balance() ?? 0n;
  // Nothing runs for two seconds: the pay-out and the next publication fall into one turn.
  world.nowMs += 2_000;
  await world.settle();
  expect(balance()).toBe(before + 50n * CREDIT);
  const { live, replayed } = await world.hashes();
  expect(replayed).toBe(live);
});
