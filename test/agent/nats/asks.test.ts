import { expect, it } from "vitest";
import { ANSWER_MS_MAX, DoorAsks } from "#agent/nats/asks.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import { PlainBus } from "../../support/plain-bus.ts";

it("where nobody answers in time it is told for which cluster, at which servers", async () => {
  let nowMs = 0;
  const clock: Clock = {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    after: (ms, wake) => {
      setImmediate(() => {
        nowMs += ms;
        wake();
      });
      return () => {};
    },
  };
  const asks = new DoorAsks({
    bus: new PlainBus(),
    signer: signerFromSeed(new Uint8Array(32).fill(1)),
    clock,
    name: "ann",
    servers: "nats://10.0.0.1:4222",
    cluster: "markt",
  });
  await expect(asks.ask({ what: "account" })).rejects.toMatchObject({
    code: "SWARM_UNREACHABLE",
    message:
      "no supervisor answers at nats://10.0.0.1:4222 for the cluster markt (nothing within 30 s)",
    remedy: expect.stringContaining("the cluster's name") as string,
  });
  expect(nowMs).toBeGreaterThanOrEqual(ANSWER_MS_MAX);
  asks.close();
});
