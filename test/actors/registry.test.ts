import { expect, it } from "vitest";
import { registryActor, type RegistryEvent } from "#actors/registry.actor.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";

const { logic } = registryActor({
  version: 1,
  name: "test",
  nonce: new Uint8Array(16),
  operator: "did:key:test",
  createdAtMs: 0,
  minted: 1n,
  parameters: parametersOf("local"),
  policy: "",
});

it("a publication that comes later than it was due counts as one of the moment", () => {
  const { state } = logic.initial(undefined);
  const events: readonly RegistryEvent[] = [
    // Told at a later T by a turn in which the timer had not fired yet.
    { type: "CHANGED", atMs: 10_800, evidence: [], stakes: [] },
    { type: "PUBLISH", atMs: 10_500 },
    { type: "CHANGED", atMs: 10_800, evidence: [], stakes: [] },
  ];
  let now = state;
  for (const event of events) now = logic.step(now, event).state;
  expect(now).toMatchObject({ nowMs: 10_800, snapshot: { revision: 1 } });
});
