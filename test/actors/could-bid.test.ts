/** Who could bid on a need that no bucket has, as a host knows it from the newest registry. */

import { expect, it } from "vitest";
import { query } from "#actors/application.ts";
import type { CouldBid } from "#actors/queries.ts";
import { World, type Cast } from "../support/world.ts";

const worker = (name: string, capability = "job"): Cast => ({
  name,
  roles: ["worker"],
  capability,
});
const cast: readonly Cast[] = [
  { name: "r", roles: ["requester"], capability: "job" },
  { name: "v", roles: ["verifier"], capability: "job", stake: 200_000_000n },
  worker("w1"),
  worker("w2"),
  worker("other", "song"),
];

const couldBid = (world: World, requester: string): readonly string[] => {
  const { workers } = query(world.host, "could-bid", ["job", world.did(requester)]) as CouldBid;
  return workers.map((did) => world.names.get(did) ?? "").toSorted();
};

it("is every worker for the capability but the requester itself and those that are paused", async () => {
  const world = await World.open(cast);
  expect(couldBid(world, "r")).toEqual(["w1", "w2"]);
  expect(couldBid(world, "w1")).toEqual(["w2"]);
  await world.accept("operator", "PAUSE", { who: { agent: world.did("w2") }, paused: true });
  await world.advance(20_000);
  expect(couldBid(world, "r")).toEqual(["w1"]);
  await world.accept("operator", "PAUSE", { who: { all: true }, paused: true });
  await world.advance(20_000);
  expect(couldBid(world, "r")).toEqual([]);
});

it("is known with the revision that it is known from", async () => {
  const world = await World.open(cast);
  const { revision } = query(world.host, "could-bid", ["job", world.did("r")]) as CouldBid;
  expect(revision).toBe(query(world.host, "pinned", undefined));
  expect(revision).toBeGreaterThan(0);
});
