import { expect, it } from "vitest";
import type { LedgerAnswer, Move } from "#domain/ledger/requests.ts";
import { bucketOf, SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { HostEvent } from "#runtime/host/environment.ts";
import { World } from "../support/world.ts";

const CREDIT = 1_000_000n;

const need = (key: string) => ({
  key,
  capability: "job",
  input: { value: key },
  bounty: 2n * CREDIT,
  verifyBounty: CREDIT / 2n,
  deadlineMs: 10_000,
});

/** A world whose ledger's answers are changed on their way to the need's bucket. */
const told = async (change: (answer: LedgerAnswer) => unknown) => {
  const world = await World.open([
    { name: "r", roles: ["requester"], capability: "job" },
    { name: "w", roles: ["worker"], capability: "job", org: "w" },
    { name: "v1", roles: ["verifier"], capability: "job", org: "o1", stake: 200n * CREDIT },
    { name: "v2", roles: ["verifier"], capability: "job", org: "o2", stake: 200n * CREDIT },
  ]);
  const events: HostEvent[] = [];
  world.onEvent = (event) => void events.push(event);
  const id = await world.accept("r", "NEED", need("halts"));
  world.carry = (message) => {
    const isAnswer = message.role === "answer" && message.from === SYSTEM_BUCKET;
    const payload = isAnswer ? change(message.payload as LedgerAnswer) : message.payload;
    world.host.message({ ...message, payload });
  };
  await world.accept("r", "CANCEL", { need: id });
  await world.advance(3_000);
  return { world, events, id };
};

const withMove =
  (move: Partial<Move>) =>
  (answer: LedgerAnswer): unknown => {
    if (answer.kind !== "posted") return answer;
    const more: Move = { from: "escrow", to: "did:x", amount: 1n, why: "a gift", ...move };
    return { ...answer, moves: [...answer.moves, more] };
  };

it.each<[string, (answer: LedgerAnswer) => unknown, RegExp]>([
  ["pays somebody to whom nothing is due", withMove({}), /did:x is paid 1 where 0 were due/],
  ["burns of the escrow", withMove({ to: "burned", amount: 0n }), /"a gift" moves 0/],
  ["takes a bond that nobody held", withMove({ from: "bond", of: "did:y" }), /another worker/],
  ["takes the exposure of a stranger", withMove({ from: "exposure", of: "did:y" }), /nobody who/],
  [
    "is refused",
    (answer) =>
      answer.kind === "posted" ? { kind: "refused", code: "WRONG_STATE", detail: "x" } : answer,
    /refused to settle/,
  ],
  [
    "is another answer",
    (answer) => (answer.kind === "posted" ? { kind: "absent" } : answer),
    /answered absent to settle/,
  ],
])("a settlement that %s halts its bucket by name, and no other", async (_, change, reason) => {
  const { world, events, id } = await told(change);
  const bucket = bucketOf(id);
  expect(events).toEqual([{ type: "halted", bucket, reason: expect.stringMatching(reason) }]);
  const logged = (await world.logOf(id)).map(({ entry }) => ("verb" in entry ? entry.verb : ""));
  expect(logged).toContain("SETTLE");
  expect(logged).not.toContain("CLOSE");
  expect(logged).not.toContain("DEAD_LETTER");
  const { answer } = await world.say("w", "PROPOSE", { need: id, attempt: 1, bid: { pass: true } });
  expect(answer).toMatchObject({ kind: "nack", code: "BUCKET_HALTED" });
  world.carry = (message) => world.host.message(message);
  let other = await world.say("r", "NEED", need("goes-on"));
  for (let n = 0; bucketOf(other.id) === bucket; n += 1)
    other = await world.say("r", "NEED", need(`goes-on-${n}`));
  expect(other.answer).toMatchObject({ kind: "ack" });
});

it("a settlement as the facts say halts nothing", async () => {
  const { world, events, id } = await told((answer) => answer);
  expect(events).toEqual([]);
  expect(world.need(id)?.ended?.outcome).toBe("cancelled");
});
