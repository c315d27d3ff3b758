import { beforeEach, describe, expect, it } from "vitest";
import { BusLink } from "#agent/bus/bus-link.ts";
import { AgentClient } from "#agent/client.ts";
import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { decodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { agentSubject, bucketSubject } from "#ports/bus.ts";
import { encodeToAgent, readEnvelopes, type RejectedWire } from "#ports/bus-messages.ts";
import type { Receipt } from "#protocol/notices.ts";
import { ManualClock, settled } from "../../support/manual-clock.ts";
import { PlainBus } from "../../support/plain-bus.ts";

const SYSTEM = 256;
const signer = signerFromSeed(new Uint8Array(32).fill(9));

describe("an agent's link over the bus", () => {
  let bus: PlainBus;
  let client: AgentClient;
  let clock: ManualClock;
  let wires: Uint8Array[];

  beforeEach(() => {
    [bus, clock, wires] = [new PlainBus(), new ManualClock(), []];
    bus.subscribe(bucketSubject(SYSTEM), (bytes) => {
      for (const wire of readEnvelopes(bytes)?.wires ?? []) wires.push(wire.slice());
    });
    client = new AgentClient({
      signer,
      swarm: "toy.0123456789abcdef",
      policy: "",
      link: new BusLink({ bus, clock }),
      clock,
      soon: (task) => queueMicrotask(task),
      onNotice: () => {},
    });
  });

  /** Says one thing, and what became of it so far. */
  const said = async (): Promise<{
    readonly wire: Uint8Array;
    receipt: () => Receipt | undefined;
  }> => {
    let receipt: Receipt | undefined;
    void client.sayAccount("STAKE", { amount: 1n }).then((one) => (receipt = one));
    await settled();
    return { wire: wires.at(-1)!, receipt: () => receipt };
  };
  const tell = async (about: Partial<RejectedWire>): Promise<void> => {
    const rejected = { code: "SIGNATURE_INVALID", detail: "as told", ...about };
    bus.publish(
      agentSubject(signer.did),
      encodeToAgent({ type: "rejected", items: [encode(rejected)] }),
    );
    await settled();
  };

  it("takes a transport error about the very bytes that it sent for a refusal", async () => {
    const { wire, receipt } = await said();
    await tell({ envelope: decodeSigned(wire).id, wire: cidOf(wire) });
    expect(receipt()).toMatchObject({ kind: "nack", code: "SIGNATURE_INVALID", detail: "as told" });
  });

  it("lets pass what is told of its envelope under a signature that is not the one it sent", async () => {
    const { wire, receipt } = await said();
    const spoilt = wire.slice();
    spoilt[spoilt.length - 5]! ^= 1;
    expect(decodeSigned(spoilt).id).toBe(decodeSigned(wire).id);
    await tell({ envelope: decodeSigned(wire).id, wire: cidOf(spoilt) });
    expect(receipt()).toBeUndefined();
  });

  it("says again what found no room, and lets pass what is told of what it does not wait for", async () => {
    const { wire, receipt } = await said();
    await tell({ envelope: decodeSigned(wire).id, wire: cidOf(wire), code: "MAILBOX_FULL" });
    await tell({ envelope: cidOf(Uint8Array.of(1)), wire: cidOf(wire) });
    expect(receipt()).toBeUndefined();
    await clock.pass(1_000);
    expect(wires.length).toBeGreaterThan(1);
    expect(new Set(wires.map((one) => cidOf(one)))).toHaveLength(1);
  });
});
