import { expect, it } from "vitest";
import { answer, type Habit, type Player } from "../scenarios/actors.ts";
import { World } from "../support/world.ts";

const CREDIT = 1_000_000n;
const STALE_MS = 31_000;

const opened = async (registryWaitMs: number, habits: readonly Habit[] = []) => {
  const names = ["w", "v1", "v2", "v3"];
  const players = new Map(
    names.map((name): [string, Player] => {
      const own = name === "w" ? [] : habits;
      return [name, { name, price: CREDIT, habits: new Set(own) }];
    }),
  );
  const world = await World.open(
    [
      { name: "r", roles: ["requester"], capability: "job" },
      { name: "w", roles: ["worker"], capability: "job", org: "w" },
      ...names.slice(1).map((name) => ({
        name,
        roles: ["verifier" as const],
        capability: "job",
        org: name,
        stake: 200n * CREDIT,
      })),
    ],
    { registryWaitMs },
  );
  world.onNotice = (to, notice) => {
    const player = players.get(to);
    if (player !== undefined) answer(world, player, notice);
  };
  const post = (): Promise<string> =>
    world.accept("r", "NEED", {
      key: "waits",
      capability: "job",
      input: { value: 1 },
      bounty: 2n * CREDIT,
      verifyBounty: CREDIT / 2n,
      deadlineMs: 3_600_000,
    });
  const verbs = async (need: string): Promise<string[]> =>
    (await world.logOf(need)).flatMap(({ entry }) =>
      entry.kind === "derived" && entry.thread === need ? [entry.verb] : [],
    );
  return { world, post, verbs };
};

it("a ranking waits while the registry is too old, and goes on with a new one", async () => {
  const { world, post, verbs } = await opened(3_600_000);
  world.isRegistryCut = true;
  await world.advance(STALE_MS);
  const need = await post();
  await world.advance(60_000);
  expect(await verbs(need)).toEqual(["OPEN_ATTEMPT"]);
  world.isRegistryCut = false;
  await world.advance(20_000);
  expect(world.need(need)?.ended?.outcome).toBe("finalized");
});

it("a ranking that has waited for its whole bound ends the need, with all back", async () => {
  const { world, post, verbs } = await opened(60_000);
  const before = new Map(world.books().balances);
  world.isRegistryCut = true;
  await world.advance(STALE_MS);
  const need = await post();
  await world.advance(55_000);
  expect(world.need(need)?.stage).toBe("auction");
  await world.advance(10_000);
  expect(world.need(need)?.ended?.outcome).toBe("no_bids");
  expect(await verbs(need)).not.toContain("RANKING");
  expect(new Map(world.books().balances)).toEqual(before);
});

it.each([
  ["goes on with a new one", 3_600_000, false],
  ["is absent after its whole bound", 60_000, true],
])("a redraw waits while the registry is too old, and %s", async (_, boundMs, isCutForGood) => {
  const { world, post, verbs } = await opened(boundMs, ["silent"]);
  const need = await post();
  await world.advance(10);
  expect((await verbs(need)).filter((verb) => verb === "DRAW")).toHaveLength(2);
  world.isRegistryCut = true;
  // The vote's deadline passes, the redraw is due, the registry is 60 s old.
  await world.advance(100_000);
  expect((await verbs(need)).filter((verb) => verb === "DRAW")).toHaveLength(2);
  expect(world.need(need)?.stage).toBe("planning");
  world.isRegistryCut = isCutForGood;
  await world.advance(25_000);
  if (isCutForGood) expect(world.need(need)?.ended?.outcome).toBe("no_bids");
  else expect((await verbs(need)).filter((verb) => verb === "DRAW")).toHaveLength(4);
  const { live, replayed } = await world.hashes();
  expect(replayed).toBe(live);
});
