import { expect, it } from "vitest";
import { createApplication } from "#actors/application.ts";
import { encodeGenesis } from "#domain/genesis/codec.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { sha256 } from "#envelope/cid.ts";
import { encodeEnvelope, signEnvelopes } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { REFUSALS } from "#protocol/refusals.ts";
import type { Admitted } from "#runtime/bucket/application.ts";
import { BucketState } from "#runtime/bucket/state.ts";
import { BucketReader } from "#runtime/bucket/view.ts";

const signer = signerFromSeed(sha256(new TextEncoder().encode("requester")));
const genesis = encodeGenesis({
  version: 1,
  name: "test",
  nonce: new Uint8Array(16),
  operator: signerFromSeed(sha256(new TextEncoder().encode("operator"))).did,
  createdAtMs: 0,
  minted: 1n,
  parameters: parametersOf("local"),
  policy: "",
});

const needOf = (from: string): Admitted => {
  const envelope = {
    v: 1 as const,
    swarm: swarmIdOf("test", genesis),
    verb: "NEED",
    from,
    nonce: 1,
    lamport: 1,
    sentAtMs: 0,
    expiresAtMs: 1,
    policy: "",
    body: {},
    refs: [],
  };
  const [signed] = signEnvelopes([encodeEnvelope(envelope).bytes], signer);
  if (signed === undefined) throw new Error("nothing was signed");
  return { signed, envelope, thread: signed.id };
};

it("says of a bucket without a registry that it has none, never that the sender is unknown", () => {
  const view = new BucketReader(new BucketState(7));
  const refused = createApplication(genesis).known(needOf(signer.did), view);
  expect(refused).toEqual({ code: "NO_REGISTRY" });
  expect(REFUSALS.NO_REGISTRY.retry).toBe("later");
});
