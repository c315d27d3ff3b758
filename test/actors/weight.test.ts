import { expect, it } from "vitest";
import { ledgerActor } from "#actors/ledger.actor.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import { createLedger } from "#domain/ledger/ledger.ts";
import type { NeedHold } from "#domain/ledger/state.ts";
import { Actors } from "#runtime/bucket/actors.ts";
import { parameters } from "../domain/ledger/books.ts";

it("live needs of the ledger weigh in a snapshot, whatever else is in the bucket", () => {
  const ledger = ledgerActor({ parameters, minted: 1n } as Genesis);
  const state = createLedger(parameters, 1n);
  const { weight: _, ...weightless } = ledger;
  const actors = new Actors();
  actors.add({ kind: ledger, id: "ledger", state });
  actors.add({ kind: { ...weightless, kind: "other", weight: () => 0 }, id: "other", state });
  expect(actors.weight).toBe(0);
  for (const need of ["a", "b", "c"]) state.needs.set(need, { need } as NeedHold);
  expect(actors.weight).toBe(3);
});
