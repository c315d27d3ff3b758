import { expect, it } from "vitest";
import { ledgerActor } from "#actors/ledger.actor.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
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

it("live needs of the ledger weigh in a snapshot unless they rest, whatever else is in the bucket", () => {
  const ledger = ledgerActor({ parameters, minted: 1n } as Genesis);
  const state = createLedger(parameters, 1n);
  const { weight: _, ...weightless } = ledger;
  const actors = new Actors();
  actors.add({ kind: ledger, id: "ledger", state });
  actors.add({
    kind: { ...weightless, kind: "other", weight: () => 0, rest: () => undefined },
    id: "other",
    state,
  });
  expect(actors.weight).toBe(0);
  for (const need of ["a", "b", "c"]) state.needs.set(need, held(need));
  expect(actors.weight).toBe(3);
  actors.rest();
  state.needs.get("a");
  actors.rest();
  expect([actors.weight, state.needs.resting]).toEqual([1, 2]);
});
