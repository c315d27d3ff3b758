import { expect, it } from "vitest";
import { hex } from "#envelope/cid.ts";
import type { DrawBody } from "#protocol/bodies.ts";
import { drawSeed } from "#protocol/digests.ts";
import { answer, type Habit, type Player } from "../scenarios/actors.ts";
import { World } from "../support/world.ts";

const CREDIT = 1_000_000n;

/** A need whose every plan is refused by whoever is drawn; its DRAW entries. */
const drawsOf = async (habit: Habit, workers: number, verifiers: number): Promise<DrawBody[]> => {
  const players = new Map<string, Player>();
  const cast = [{ name: "r", roles: ["requester" as const], capability: "job" }];
  const play = (name: string, role: "worker" | "verifier", habits: Habit[]) => {
    players.set(name, { name, price: CREDIT, habits: new Set(habits) });
    const stake = role === "verifier" ? 200n * CREDIT : 0n;
    const one = { name, roles: [role], capability: "job", org: name, stake };
    return one;
  };
  const world = await World.open([
    ...cast,
    ...Array.from({ length: workers }, (_, n) => play(`w${n}`, "worker", [])),
    ...Array.from({ length: verifiers }, (_, n) => play(`v${n}`, "verifier", [habit])),
  ]);
  world.onNotice = (to, notice) => {
    const player = players.get(to);
    if (player !== undefined) answer(world, player, notice);
  };
  const need = await world.accept("r", "NEED", {
    key: habit,
    capability: "job",
    input: { value: 1 },
    bounty: 2n * CREDIT,
    verifyBounty: CREDIT / 2n,
    deadlineMs: 600_000,
  });
  await world.advance(400_000);
  const { live, replayed } = await world.hashes();
  expect(replayed).toBe(live);
  return (await world.logOf(need)).flatMap(({ entry }) =>
    entry.kind === "derived" && entry.verb === "DRAW" ? [entry.body as DrawBody] : [],
  );
};

type Asked = Extract<DrawBody, { phase: "asked" }>;
const asked = (draws: readonly DrawBody[]): Asked[] =>
  draws.filter((draw) => draw.phase === "asked");
const seedsOf = (draws: readonly DrawBody[]): string[] =>
  asked(draws).map((draw) => hex(drawSeed({ ...draw, revision: 0 })));
const seats = (draws: readonly DrawBody[]): string[] =>
  draws.flatMap((draw) => (draw.phase === "seated" ? draw.seats.map(({ agent }) => agent) : []));

it("draws the committee of each candidate of one attempt separately", async () => {
  const draws = await drawsOf("refuses-plans", 6, 8);
  expect(asked(draws).map(({ candidate }) => candidate)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(new Set(asked(draws).map(({ s }) => hex(s))).size).toBe(6);
  expect(new Set(seedsOf(draws)).size).toBe(6);
  // One seat of eight each: six equal ones would be one chance in 32,768, were they drawn separately.
  expect(new Set(seats(draws)).size).toBeGreaterThan(1);
});

it("draws each redraw anew", async () => {
  const draws = await drawsOf("silent", 1, 8);
  expect(asked(draws).map(({ candidate, round }) => [candidate, round])).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
  ]);
  expect(new Set(seedsOf(draws)).size).toBe(3);
  expect(new Set(seats(draws)).size).toBe(3);
});
