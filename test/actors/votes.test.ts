import { expect, it } from "vitest";
import type { Notice } from "#protocol/notices.ts";
import { voteDigest } from "#protocol/digests.ts";
import { World } from "../support/world.ts";

const CREDIT = 1_000_000n;
const salt = new Uint8Array(32).fill(3);

/** One verifier, two workers that bid at once, hidden votes or open ones. */
const planned = async (sealedVotes: boolean) => {
  const world = await World.open(
    [
      { name: "r", roles: ["requester"], capability: "job" },
      { name: "w1", roles: ["worker"], capability: "job", org: "w1" },
      { name: "w2", roles: ["worker"], capability: "job", org: "w2" },
      { name: "v", roles: ["verifier"], capability: "job", org: "v", stake: 200n * CREDIT },
    ],
    { tiers: { small: { sealedVotes } } },
  );
  const asked: Extract<Notice, { kind: "judge-plan" }>[] = [];
  world.onNotice = (to, notice) => {
    const { need, attempt } = notice;
    const bid = { price: to === "w1" ? CREDIT : 2n * CREDIT, etaMs: 1_000, patch: [] };
    if (notice.kind === "bid")
      world.send(world.sign(to, "PROPOSE", { need, attempt, bid: { open: bid } }).wire);
    if (notice.kind === "judge-plan") asked.push(notice);
  };
  const need = await world.accept("r", "NEED", {
    key: "votes",
    capability: "job",
    input: { value: 1 },
    bounty: 2n * CREDIT,
    verifyBounty: CREDIT / 2n,
    deadlineMs: 600_000,
  });
  const at = { need, attempt: 1, seat: 0 };
  const hide = (subject: string) => voteDigest(subject, world.did("v"), "fail", salt);
  return { world, need, at, asked, hide };
};

it("takes a hidden vote only for what is judged now, not for the candidate before", async () => {
  const { world, at, asked, hide } = await planned(true);
  const first = asked[0]!.proposal;
  const vote = { ...at, question: "plan" as const };
  await world.accept("v", "VOTE", { ...vote, subject: first, hash: hide(first) });
  await world.accept("v", "REVEAL", { what: "vote", ...vote, verdict: "fail", salt });
  const second = asked[1]!.proposal;
  expect(second).not.toBe(first);
  const late = await world.say("v", "VOTE", { ...vote, subject: first, hash: hide(first) });
  expect(late.answer).toMatchObject({
    code: "WRONG_STATE",
    detail: "another subject is judged now",
  });
  await world.accept("v", "VOTE", { ...vote, subject: second, hash: hide(second) });
});

it("takes an open vote only for the candidate, the question and the seat that it names", async () => {
  const { world, need, at, asked } = await planned(false);
  const first = asked[0]!.proposal;
  const plan = { ...at, proposal: first, verdict: "fail" as const, policyDigest: "" };
  const refusals = [
    await world.say("v", "ATTEST_PLAN", { ...plan, proposal: need }),
    await world.say("v", "ATTEST", { ...at, commit: first, verdict: "pass", policyDigest: "" }),
    await world.say("v", "ATTEST_PLAN", { ...plan, attempt: 2 }),
    await world.say("v", "ATTEST_PLAN", { ...plan, seat: 1 }),
    await world.say("w1", "ATTEST_PLAN", plan),
  ].map(({ answer }) => (answer?.kind === "nack" ? answer.code : answer?.kind));
  expect(refusals).toEqual([
    "WRONG_STATE",
    "WRONG_STATE",
    "WRONG_STATE",
    "NOT_SEATED",
    "NOT_SEATED",
  ]);
  await world.accept("v", "ATTEST_PLAN", plan);
  // The next candidate sits before the same verifier, in the same seat.
  expect(asked[1]).toMatchObject({ seat: 0 });
  expect((await world.say("v", "ATTEST_PLAN", plan)).answer).toMatchObject({ code: "WRONG_STATE" });
});
