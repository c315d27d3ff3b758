import { expect, it } from "vitest";
import { World } from "../support/world.ts";

const CREDIT = 1_000_000n;

it("takes the word that one does not bid once, so that nobody fills the log with it", async () => {
  const world = await World.open([
    { name: "r", roles: ["requester"], capability: "job" },
    { name: "w1", roles: ["worker"], capability: "job", org: "w1" },
    { name: "w2", roles: ["worker"], capability: "job", org: "w2" },
    { name: "v", roles: ["verifier"], capability: "job", org: "v", stake: 200n * CREDIT },
  ]);
  const need = await world.accept("r", "NEED", {
    key: "k",
    capability: "job",
    input: { value: 1 },
    bounty: CREDIT,
    verifyBounty: CREDIT,
    deadlineMs: 60_000,
  });
  const pass = async () =>
    (await world.say("w1", "PROPOSE", { need, attempt: 1, bid: { pass: true } }, { thread: need }))
      .answer;
  expect(await pass()).toMatchObject({ kind: "ack" });
  expect(await pass()).toMatchObject({ kind: "nack", code: "WRONG_STATE" });
});
