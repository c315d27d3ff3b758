import { expect, it } from "vitest";
import { bucketOf } from "#envelope/cid.ts";
import type { Bodies, NeedBody } from "#protocol/bodies.ts";
import type { Notice } from "#protocol/notices.ts";
import { answer, type Habit, type Player } from "../scenarios/actors.ts";
import { World, type Cast } from "../support/world.ts";

const CREDIT = 1_000_000n;
const cast: readonly Cast[] = [
  { name: "r", roles: ["requester"], capability: "job", org: "acme" },
  { name: "r2", roles: ["requester"], capability: "job", org: "acme" },
  { name: "w1", roles: ["worker"], capability: "job", org: "w1" },
  { name: "w2", roles: ["worker"], capability: "job", org: "w2" },
  ...["v1", "v2", "v3"].map((name): Cast => ({
    name,
    roles: ["verifier"],
    capability: "job",
    org: name,
    stake: 200n * CREDIT,
  })),
];

const body = (key: string, change: Partial<NeedBody> = {}): NeedBody => ({
  key,
  capability: "job",
  input: { value: key },
  bounty: 2n * CREDIT,
  verifyBounty: CREDIT / 2n,
  deadlineMs: 60_000,
  ...change,
});
/** bounty + verifyBounty × 1 × 3 failures + a fifth of it × 1 × 10 candidates (K is 1 in bootstrap). */
const HELD = 4_500_000n;

const play = async (habits: Readonly<Record<string, readonly Habit[]>> = {}) => {
  const world = await World.open(cast, { auctionMode: "open" });
  const prices: Readonly<Record<string, bigint>> = { w1: CREDIT, w2: CREDIT + CREDIT / 2n };
  const players = new Map<string, Player>(
    cast.map(({ name }) => [
      name,
      { name, price: prices[name] ?? CREDIT, habits: new Set(habits[name]) },
    ]),
  );
  const hear = (to: string, notice: Notice): void => {
    const player = players.get(to);
    if (player !== undefined) answer(world, player, notice);
  };
  world.onNotice = hear;
  return { world, hear };
};

const pause = (world: World, name: string, paused = true): Promise<string> =>
  world.accept("operator", "PAUSE", { who: { agent: world.did(name) }, paused });
const pauseAll = (world: World, paused: boolean): Promise<string> =>
  world.accept("operator", "PAUSE", { who: { all: true }, paused });
const limit = (world: World, of: Bodies["LIMIT"]["of"], limits: Bodies["LIMIT"]["limits"]) =>
  world.accept("operator", "LIMIT", { of, limits });

const told = async <V extends "NEED" | "TRANSFER" | "STAKE" | "UNSTAKE" | "PAUSE" | "LIMIT">(
  world: World,
  name: string,
  verb: V,
  said: Bodies[V],
): Promise<string | undefined> => {
  const { answer: found } = await world.say(name, verb, said);
  return found?.kind === "nack" ? found.code : found?.kind;
};

const winnersOf = async (world: World, need: string): Promise<string[]> =>
  (await world.log(bucketOf(need))).flatMap(({ entry }) =>
    entry.kind === "derived" && entry.verb === "DECIDE" && entry.thread === need
      ? [world.names.get((entry.body as { worker: string }).worker) ?? ""]
      : [],
  );

it("only the operator says LIMIT and PAUSE", async () => {
  const { world } = await play();
  const who = { agent: world.did("w1") };
  expect(await told(world, "r", "PAUSE", { who, paused: true })).toBe("VERB_NOT_ALLOWED");
  expect(await told(world, "r", "LIMIT", { of: { each: true }, limits: {} })).toBe(
    "VERB_NOT_ALLOWED",
  );
  const stranger = { agent: world.operator.did };
  expect(await told(world, "operator", "PAUSE", { who: stranger, paused: true })).toBe(
    "POLICY_DENIED",
  );
});

it("a paused requester funds nothing, stakes nothing, sends nothing, until it is resumed", async () => {
  const { world } = await play();
  await pause(world, "r");
  const before = world.books();
  expect(await told(world, "r", "NEED", body("n"))).toBe("PAUSED");
  expect(await told(world, "r", "STAKE", { amount: 1n })).toBe("PAUSED");
  expect(await told(world, "r", "UNSTAKE", { amount: 1n })).toBe("PAUSED");
  expect(await told(world, "r", "TRANSFER", { to: world.did("w1"), amount: 1n })).toBe("PAUSED");
  expect(world.books()).toEqual(before);
  expect(await told(world, "r2", "NEED", body("n"))).toBe("ack");
  await pause(world, "r", false);
  await world.advance(1);
  expect(await told(world, "r", "NEED", body("n"))).toBe("ack");
});

it("the ledger refuses a paused requester though its bucket has not heard of the pause", async () => {
  const { world } = await play();
  world.isRegistryCut = true;
  await pause(world, "r");
  expect(await told(world, "r", "NEED", body("n"))).toBe("PAUSED");
  expect(world.books().escrows).toBe(0n);
});

it("registering again does not lift a pause", async () => {
  const { world } = await play();
  await pause(world, "r");
  const manifest = { name: "r", roles: ["requester" as const], capabilities: [] };
  await world.accept("r", "REGISTER", { manifest, attestations: [] });
  await world.advance(100);
  expect(await told(world, "r", "NEED", body("n"))).toBe("PAUSED");
});

it("a paused worker wins nothing: its bid, its ranking and its approved plan are passed over", async () => {
  const { world } = await play();
  await pause(world, "w1");
  const need = await world.accept("r", "NEED", body("paused before the bid"));
  await world.advance(2_000);
  expect(await winnersOf(world, need)).toEqual(["w2"]);
  expect(world.need(need)?.ended?.outcome).toBe("finalized");
});

it("a bid of who is paused since is left out of the ranking", async () => {
  const { world } = await play({ w2: ["no-bid"] });
  const need = await world.accept("r", "NEED", body("n"));
  await pause(world, "w1");
  await world.advance(60_000);
  expect(await winnersOf(world, need)).toEqual([]);
  expect(world.need(need)?.ended?.outcome).toBe("no_bids");
  expect(world.books().escrows).toBe(0n);
});

it("a candidate that is paused while its plan is voted on is not decided, nor tried again", async () => {
  const { world, hear } = await play();
  const kept: [string, Notice][] = [];
  world.onNotice = (to, notice) => {
    if (notice.kind === "judge-plan" && kept.length === 0) kept.push([to, notice]);
    else hear(to, notice);
  };
  const need = await world.accept("r", "NEED", body("n"));
  await world.advance(50);
  expect(kept).toHaveLength(1);
  await pause(world, "w1");
  for (const [to, notice] of kept) hear(to, notice);
  await world.advance(3_000);
  expect(await winnersOf(world, need)).toEqual(["w2"]);
  expect(world.need(need)?.ended?.outcome).toBe("finalized");
});

it("an award that was not claimed before the pause goes to the next candidate", async () => {
  const { world, hear } = await play();
  const awards: [string, Notice][] = [];
  world.onNotice = (to, notice) => {
    if (notice.kind === "award" && to === "w1") awards.push([to, notice]);
    else hear(to, notice);
  };
  const need = await world.accept("r", "NEED", body("n"));
  await world.advance(50);
  expect(awards).toHaveLength(1);
  await pause(world, "w1");
  for (const [to, notice] of awards) hear(to, notice);
  await world.advance(30_000);
  expect(await winnersOf(world, need)).toEqual(["w1", "w2"]);
  expect(world.need(need)?.ended).toMatchObject({ outcome: "finalized", worker: world.did("w2") });
});

it("a soft stop: who holds a lease may finish it, and is paid", async () => {
  const { world, hear } = await play();
  const works: [string, Notice][] = [];
  world.onNotice = (to, notice) => {
    if (notice.kind === "work") works.push([to, notice]);
    else hear(to, notice);
  };
  const need = await world.accept("r", "NEED", body("n"));
  await world.advance(50);
  expect(works.map(([to]) => to)).toEqual(["w1"]);
  await pause(world, "w1");
  for (const [to, notice] of works) hear(to, notice);
  await world.advance(3_000);
  expect(world.need(need)?.ended).toMatchObject({ outcome: "finalized", worker: world.did("w1") });
});

it("nobody paused is drawn", async () => {
  const { world } = await play();
  await pause(world, "v1");
  await pause(world, "v2");
  const needs = [];
  for (let i = 0; i < 6; i += 1) needs.push(await world.accept("r", "NEED", body(`n${i}`)));
  await world.advance(5_000);
  const seated = new Set<string>();
  for (const need of needs) {
    expect(world.need(need)?.ended?.outcome).toBe("finalized");
    for (const { entry } of await world.log(bucketOf(need))) {
      if (entry.kind !== "derived" || entry.verb !== "DRAW") continue;
      const { seats = [] } = entry.body as { seats?: readonly { agent: string }[] };
      for (const { agent } of seats) seated.add(world.names.get(agent) ?? "");
    }
  }
  expect([...seated]).toEqual(["v3"]);
});

it("pausing all stops what is new, committed work is judged, and resuming all lifts just that", async () => {
  const { world, hear } = await play();
  const works: [string, Notice][] = [];
  world.onNotice = (to, notice) => {
    if (notice.kind === "work" && works.length === 0) works.push([to, notice]);
    else hear(to, notice);
  };
  const need = await world.accept("r", "NEED", body("n"));
  await world.advance(50);
  await pause(world, "r2");
  await pauseAll(world, true);
  expect(await told(world, "r", "NEED", body("m"))).toBe("PAUSED");
  expect(await told(world, "operator", "TRANSFER", { to: world.did("r"), amount: 1n })).toBe("ack");
  for (const [to, notice] of works) hear(to, notice);
  await world.advance(3_000);
  expect(world.need(need)?.ended?.outcome).toBe("finalized");
  await pauseAll(world, false);
  expect(await told(world, "r", "NEED", body("m"))).toBe("ack");
  expect(await told(world, "r2", "NEED", body("m"))).toBe("PAUSED");
});

it("a NEED above a limit is refused and nothing is held; what came back opens the day", async () => {
  const { world } = await play();
  await limit(world, { agent: world.did("r") }, { day: 2n * HELD });
  const first = await world.accept("r", "NEED", body("n1"));
  await world.accept("r", "NEED", body("n2"));
  const before = world.books();
  expect(await told(world, "r", "NEED", body("n3"))).toBe("SPEND_LIMIT");
  expect(await told(world, "r", "TRANSFER", { to: world.did("w1"), amount: 1n })).toBe(
    "SPEND_LIMIT",
  );
  expect(world.books()).toEqual(before);
  await world.advance(3_000);
  expect(world.need(first)?.ended?.outcome).toBe("finalized");
  // Two needs cost price and two votes each; the rest of their holds is back.
  expect(await told(world, "r", "NEED", body("n4"))).toBe("ack");
});

it("an owner is the first org that was attested: no agent leaves it by registering anew", async () => {
  const { world } = await play();
  await limit(world, { owner: "acme" }, { day: HELD });
  await world.accept("r", "NEED", body("n1"));
  expect(await told(world, "r2", "NEED", body("n2"))).toBe("SPEND_LIMIT");
  const manifest = { name: "r2", roles: ["requester" as const], capabilities: [] };
  await world.accept("r2", "REGISTER", { manifest, attestations: [] });
  await world.advance(100);
  expect(await told(world, "r2", "NEED", body("n2"))).toBe("SPEND_LIMIT");
});

it("pauses and limits replay from the log alone", async () => {
  const { world } = await play();
  await limit(world, { each: true }, { day: 3n * HELD, perMinute: 2 });
  await limit(world, { owner: "acme" }, { minute: 2n * HELD });
  await world.accept("r", "NEED", body("n1"));
  await pause(world, "w1");
  await pauseAll(world, true);
  await world.advance(20_000);
  const { live, replayed } = await world.hashes();
  expect(replayed).toBe(live);
});
