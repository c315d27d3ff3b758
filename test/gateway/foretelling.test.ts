/** Which needs a gateway that is cut off foretells, when, and how many; one that is well foretells none. */

import { expect, it } from "vitest";
import {
  FORETELL_LOOK_MS,
  FORETELL_MS,
  FORETOLD_EACH_MAX,
  Foretelling,
  FORETOLD_MAX,
  TOGETHER_MAX,
} from "#gateway/foretelling.ts";
import type { Foreteller, Held } from "#gateway/swarm.ts";
import { cidOf } from "#envelope/cid.ts";
import { NEED } from "../support/answered-client.ts";
import { signerOf } from "../support/gateway.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { silentSwarm } from "../support/silent-swarm.ts";

const requesters = [..."abcdefgh"].map((name) => signerOf(name).did);
const held = (n: number, requester = requesters[n % requesters.length]!): Held => ({
  need: cidOf(new Uint8Array([n])),
  requester,
  body: { ...NEED, key: `n${n}` },
});

const cutOff = () => {
  const world = { isCutOff: true, told: [] as Held[] };
  const foreteller: Foreteller = {
    isCutOff: () => world.isCutOff,
    tell: async (one) => void world.told.push(one),
  };
  const clock = new ManualClock();
  return { world, clock, foreteller, foretelling: new Foretelling(clock, foreteller) };
};

/** Long enough for any number of looks. */
const LONG_MS = 60 * FORETELL_MS;

it("foretells what has waited long enough, once, with its requester and body", async () => {
  const { world, clock, foretelling } = cutOff();
  foretelling.posted(held(1));
  await clock.pass(FORETELL_MS - 1);
  expect(world.told).toEqual([]);
  await clock.pass(1);
  expect(world.told).toEqual([held(1)]);
  await clock.pass(LONG_MS);
  expect([world.told.length, foretelling.count]).toEqual([1, 1]);
});

it("foretells nothing while the store answers, and what waits is foretold once it does not", async () => {
  const { world, clock, foretelling } = cutOff();
  world.isCutOff = false;
  foretelling.posted(held(1));
  await clock.pass(LONG_MS);
  expect(world.told).toEqual([]);
  world.isCutOff = true;
  foretelling.posted(held(2));
  await clock.pass(FORETELL_LOOK_MS);
  expect(world.told).toEqual([held(1)]);
  await clock.pass(FORETELL_MS);
  expect(world.told).toEqual([held(1), held(2)]);
});

it("foretells nothing that has its answer, and looks at nothing while nothing waits", async () => {
  const { world, foreteller } = cutOff();
  let timers = 0;
  const clock = new ManualClock();
  const counting = {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (ms: number, wake: () => void) => {
      timers += 1;
      return clock.after(ms, wake);
    },
  };
  const foretelling = new Foretelling(counting, foreteller);
  foretelling.posted(held(1));
  foretelling.answered(held(1).need);
  await clock.pass(LONG_MS);
  expect([world.told, timers]).toEqual([[], 1]);
  foretelling.posted(held(2));
  await clock.pass(FORETELL_MS);
  expect([world.told, timers]).toEqual([[held(2)], 2]);
});

it("foretells a few at a look, and no more at a time than may be; an answer gives room", async () => {
  const { world, clock, foretelling } = cutOff();
  for (let n = 0; n < 2 * FORETOLD_MAX; n += 1) foretelling.posted(held(n));
  await clock.pass(FORETELL_MS);
  expect(world.told).toHaveLength(TOGETHER_MAX);
  await clock.pass(FORETELL_LOOK_MS);
  expect(world.told).toHaveLength(2 * TOGETHER_MAX);
  await clock.pass(LONG_MS);
  expect(world.told).toEqual(Array.from({ length: FORETOLD_MAX }, (_, n) => held(n)));
  foretelling.answered(held(0).need);
  await clock.pass(LONG_MS);
  expect(world.told).toHaveLength(FORETOLD_MAX + 1);
  foretelling.close();
  foretelling.answered(held(1).need);
  await clock.pass(LONG_MS);
  expect(world.told).toHaveLength(FORETOLD_MAX + 1);
});

it("leaves room for others, however much one posts", async () => {
  const { world, clock, foretelling } = cutOff();
  for (let n = 0; n < FORETOLD_MAX; n += 1) foretelling.posted(held(n, requesters[0]));
  foretelling.posted(held(FORETOLD_MAX, requesters[1]));
  await clock.pass(LONG_MS);
  const first = Array.from({ length: FORETOLD_EACH_MAX }, (_, n) => held(n, requesters[0]));
  expect(world.told).toHaveLength(FORETOLD_EACH_MAX + 1);
  expect(world.told).toEqual(expect.arrayContaining([...first, held(FORETOLD_MAX, requesters[1])]));
  foretelling.answered(held(0).need);
  await clock.pass(LONG_MS);
  expect(world.told.at(-1)).toEqual(held(FORETOLD_EACH_MAX, requesters[0]));
});

it("is told of what the gateway has signed: id, account and body, and sends nothing more", async () => {
  const { world, foreteller } = cutOff();
  const { needs, post, take, sent, clock } = silentSwarm({ foreteller });
  const posted = post();
  await clock.pass(FORETELL_MS);
  expect(world.told).toEqual([{ need: sent[0], requester: requesters[0], body: NEED }]);
  expect(new Set(sent).size).toBe(1);
  expect(needs.foretoldCount).toBe(1);
  await take();
  expect(await posted).toMatchObject({ kind: "accepted" });
  await needs.close();
});

it.each(["taken", "refused"])("%s: what is answered in time is never foretold", async (how) => {
  const { world, foreteller } = cutOff();
  const gate = silentSwarm({ foreteller });
  const posted = gate.post();
  await gate.clock.pass(FORETELL_MS - 1);
  await (how === "taken" ? gate.take() : gate.refuse("INSUFFICIENT_FUNDS"));
  await posted;
  await gate.clock.pass(LONG_MS);
  expect([world.told, gate.needs.foretoldCount]).toEqual([[], 0]);
  await gate.needs.close();
});

it("of a swarm that is alone nothing is foretold, however long it takes", async () => {
  const gate = silentSwarm({ foreteller: undefined });
  const posted = gate.post();
  await gate.clock.pass(FORETELL_MS * 3);
  expect(gate.needs.foretoldCount).toBe(0);
  await gate.take();
  await posted;
  await gate.needs.close();
});
