import { expect, it } from "vitest";
import { ledgerActor } from "#actors/ledger.actor.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import type { PlainLedger } from "#domain/ledger/codec.ts";
import { createLedger } from "#domain/ledger/ledger.ts";
import { freshAttempt, type NeedHold } from "#domain/ledger/state.ts";
import { Actors } from "#runtime/bucket/actors.ts";
import { parameters } from "../domain/ledger/books.ts";

const held = (need: string): NeedHold => ({
  need,
  requester: "r",
  key: "r key",
  content: "content",
  bounty: 1n,
  tier: "small",
  sequence: 1,
  rest: 1n,
  open: freshAttempt(1),
  postings: [],
});

const rest = (actors: Actors): void => {
  for (const one of actors.rests()) while (!one(1));
};

it("live needs of the ledger weigh in a snapshot unless they rest in it", () => {
  const ledger = ledgerActor({ parameters, minted: 1n } as Genesis);
  const state = createLedger(parameters, 1n);
  const { weight: _, ...weightless } = ledger;
  const actors = new Actors();
  actors.add({ kind: ledger, id: "ledger", state });
  actors.add({
    kind: { ...weightless, kind: "other", weight: () => 0, idle: () => [] },
    id: "other",
    state,
  });
  expect(actors.weight).toBe(0);
  for (const need of ["a", "b", "c"]) state.needs.set(need, held(need));
  expect(actors.weight).toBe(3);
  state.liveKeys.set("r key", "a");
  rest(actors);
  state.needs.get("a");
  rest(actors);
  expect([actors.weight, state.needs.resting, state.liveKeys.resting]).toEqual([1, 2, 1]);
  const plain = new Map(actors.encode().awake).get("ledger")?.[1] as PlainLedger;
  expect(plain.needs.map(({ need }) => need)).toEqual(["a"]);
  expect(plain.resting?.needs.resting.bytes.length).toBeGreaterThan(0);
});
