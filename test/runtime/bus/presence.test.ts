import { beforeEach, describe, expect, it } from "vitest";
import { ATTACH_MS } from "#agent/bus/bus-link.ts";
import {
  Presence,
  PRESENCE_WALK_MS,
  PRESENT_AGAIN_MS,
  PRESENT_MAX,
} from "#runtime/bus/presence.ts";
import { ManualClock } from "../../support/manual-clock.ts";

describe("agents that say that they are there", () => {
  let clock: ManualClock;
  let presence: Presence;
  /** Who was told in each walk, and when. */
  let walks: (readonly [ms: number, ...agents: string[]])[];

  beforeEach(() => {
    clock = new ManualClock();
    walks = [];
    presence = new Presence({
      clock,
      isKnown: (agent) => agent !== "stranger",
      tell: (agents) => void walks.push([clock.monotonicMs(), ...agents]),
    });
  });

  it("are told at once, all that came together in one walk", () => {
    presence.came(["ada", "bob", "ada"]);
    expect(walks).toEqual([[0, "ada", "bob"]]);
  });

  it("wait for the next walk where one has just been, and share it", async () => {
    presence.came(["ada"]);
    await clock.pass(1);
    presence.came(["bob"]);
    presence.came(["eve"]);
    await clock.pass(PRESENCE_WALK_MS);
    presence.came(["joe"]);
    await clock.pass(10 * PRESENCE_WALK_MS);
    expect(walks).toEqual([
      [0, "ada"],
      [PRESENCE_WALK_MS + 1, "bob", "eve"],
      [2 * PRESENCE_WALK_MS + 1, "joe"],
    ]);
  });

  it("are told no sooner again than after PRESENT_AGAIN_MS, however often it is said", async () => {
    for (let ms = 0; ms <= 2 * PRESENT_AGAIN_MS; ms += 10) {
      presence.came(["ada"]);
      await clock.pass(10);
    }
    expect(walks.map(([ms]) => ms)).toEqual([0, PRESENT_AGAIN_MS, 2 * PRESENT_AGAIN_MS]);
  });

  it("are told at each of their own signs of life, and at once after a break", async () => {
    for (let n = 0; n < 3; n += 1) {
      presence.came(["ada"]);
      await clock.pass(ATTACH_MS);
    }
    await clock.pass(500);
    presence.came(["ada"]);
    expect(walks.map(([ms]) => ms)).toEqual([0, ATTACH_MS, 2 * ATTACH_MS, 3 * ATTACH_MS + 500]);
  });

  it("are told soon after a break that was shorter, without saying it again", async () => {
    presence.came(["ada"]);
    await clock.pass(300);
    presence.came(["ada"]);
    presence.came(["bob"]);
    await clock.pass(10 * PRESENT_AGAIN_MS);
    expect(walks).toEqual([
      [0, "ada"],
      [300, "bob"],
      [PRESENT_AGAIN_MS + 50, "ada"],
    ]);
  });

  it("are not told where nobody knows them, and no walk is made for them", async () => {
    presence.came(["stranger"]);
    presence.came(["stranger", "ada"]);
    await clock.pass(PRESENT_AGAIN_MS);
    expect(walks).toEqual([[0, "ada"]]);
  });

  it("wait for their next sign of life where there is no room for more", async () => {
    const many = Array.from({ length: PRESENT_MAX + 1 }, (_, n) => `agent ${n}`);
    const last = many.at(-1)!;
    presence.came(many);
    expect(walks).toEqual([[0, ...many.slice(0, -1)]]);
    await clock.pass(PRESENT_AGAIN_MS);
    presence.came([last]);
    expect(walks.slice(1)).toEqual([[PRESENT_AGAIN_MS, last]]);
  });
});
