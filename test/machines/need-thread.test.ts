import { describe, expect, it } from "vitest";
import type { NeedThreadCommand } from "#machines/need-thread/need-thread.commands.ts";
import type { NeedThreadContext } from "#machines/need-thread/need-thread.context.ts";
import type { NeedThreadEvent, NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import { needThreadMachine, stageOf } from "#machines/need-thread/need-thread.machine.ts";
import { drive } from "./driver.ts";
import { concluded, leaseEnded, needInput, ranked } from "./subjects.ts";

const thread = (input: Partial<NeedThreadInput> = {}) => {
  const driven = drive<NeedThreadEvent, NeedThreadCommand>(needThreadMachine, {
    ...needInput,
    ...input,
  });
  return {
    ...driven,
    stage: () => stageOf({ value: driven.value(), context: driven.context<NeedThreadContext>() }),
    facts: () => driven.last("settle")?.params,
    end: () => driven.last("logEnd")?.params,
    now: () => driven.context<NeedThreadContext>(),
  };
};

const bids = (...workers: string[]): NeedThreadEvent => ({
  type: "RANKED",
  bids: workers.map(ranked),
  barred: [],
});
const FUNDED: NeedThreadEvent = { type: "FUNDED", atMs: 100 };
const APPROVED = concluded("plan", "pass", "pass");
const REFUSED = concluded("plan", "fail", "fail");
const PASSED = concluded("result", "pass", "pass", "pass", "pending");
const FAILED = concluded("result", "fail", "fail", "pass", "fail");
const LEASED: NeedThreadEvent = { type: "LEASED", revision: 7, atMs: 200, ttlMs: 30_000 };
const COMMITTED: NeedThreadEvent = {
  type: "COMMITTED",
  commit: "commit",
  artifact: "artifact",
  elapsedMs: 300,
};
const SETTLED: NeedThreadEvent = { type: "SETTLED", sequence: 9, moves: [] };
const ruling = (upheld: boolean, challenge = "c1"): NeedThreadEvent => ({
  type: "CHALLENGE_RULED",
  challenge,
  upheld,
});
const CHALLENGED: NeedThreadEvent = { type: "CHALLENGED", challenge: "c1" };

const toAwarded: NeedThreadEvent[] = [FUNDED, bids("w1", "w2"), APPROVED, { type: "DECIDED" }];
const toLeased = [...toAwarded, LEASED];
const toVerifying = [...toLeased, COMMITTED];
const again: NeedThreadEvent[] = [APPROVED, { type: "DECIDED" }, LEASED, COMMITTED];

describe("a need that goes well", () => {
  it("passes through every stage and is finalized by the votes that carry it", () => {
    const need = thread();
    const stages = [need.stage()];
    for (const event of [...toVerifying, PASSED]) {
      need.send(event);
      stages.push(need.stage());
    }
    expect(stages).toEqual([
      ...["funding", "auction", "planning", "deciding", "awarded", "leased", "verifying"],
      "contestable",
    ]);
    expect(need.delayOf("window")).toBe(200);
    need.pass("window");
    expect(need.facts()).toEqual({
      attempt: 1,
      outcome: "finalized",
      last: true,
      planVotes: [{ agent: "v0", agreed: true }],
      seats: PASSED.seats,
      decided: { worker: "w1", price: 2_000_000n, etaMs: 500 },
      leased: { elapsedMs: 300, ttlMs: 30_000, heartbeatsMissed: 0, yieldedLate: false },
      artifact: "artifact",
    });
    need.send(SETTLED);
    expect(need.value()).toBe("finalized");
    expect(need.end()).toEqual({
      verb: "FINALIZE",
      body: {
        attempt: 1,
        outcome: "finalized",
        last: true,
        worker: "w1",
        commit: "commit",
        artifact: "artifact",
        votes: ["vote-0", "vote-1"],
      },
      sequence: 9,
      moves: [],
    });
  });

  it("is acknowledged only after the ledger's hold", () => {
    const need = thread();
    expect(need.commands).toEqual([{ type: "requestFunding" }]);
    need.pass("fundRetry");
    expect(need.commands.at(-1)).toEqual({ type: "resend", params: { name: "fund" } });
    expect(need.send(FUNDED)).toEqual([
      { type: "ackNeed", params: {} },
      { type: "openAttempt", params: { attempt: 1, auction: true, barred: [] } },
    ]);
  });

  it("draws by the requester's preimage, or by zero when it comes late", () => {
    const revealed = thread({ drawHash: true });
    revealed.send(...toVerifying);
    expect(revealed.count("openResultCommittee")).toBe(0);
    revealed.send({ type: "DRAW_REVEALED", preimage: new Uint8Array(32).fill(7) });
    expect(revealed.last("openResultCommittee")?.params.r[0]).toBe(7);
    const late = thread({ drawHash: true });
    late.send(...toVerifying);
    late.pass("drawReveal");
    expect(late.last("openResultCommittee")?.params).toEqual({
      attempt: 1,
      commit: "commit",
      revision: 7,
      worker: "w1",
      price: 2_000_000n,
      r: new Uint8Array(32),
    });
  });
});

describe("a need that is never funded", () => {
  it("closes as refused, with the ledger's code", () => {
    const need = thread();
    need.send({ type: "FUND_REFUSED", code: "KEY_REUSED", detail: "other content" });
    expect(need.commands.slice(1)).toEqual([
      { type: "nackNeed", params: { code: "KEY_REUSED", detail: "other content" } },
      {
        type: "logEnd",
        params: {
          verb: "CLOSE",
          body: { attempt: 1, outcome: "refused", last: true, reason: "KEY_REUSED" },
          moves: [],
        },
      },
    ]);
    expect(need.value()).toBe("closed");
  });

  it("closes as a duplicate and names the first", () => {
    const need = thread();
    need.send({ type: "FUND_DUPLICATE", first: "another" });
    expect(need.last("ackNeed")?.params).toEqual({ first: "another" });
    expect(need.end()?.body).toMatchObject({ outcome: "duplicate", first: "another" });
  });
});

describe("candidates", () => {
  it("are put to a vote one after another; votes that went with the question are paid", () => {
    const need = thread();
    need.send(FUNDED, bids("w1", "w2"), concluded("plan", "fail", "fail", "pass", "fail"));
    expect(need.last("openPlanCommittee")?.params).toMatchObject({ ordinal: 2 });
    expect(need.last("openPlanCommittee")?.params.candidate.worker).toBe("w2");
    need.send(APPROVED);
    expect(need.last("decide")?.params).toMatchObject({ approvals: ["vote-0"] });
    expect(need.now().planVotes.map(({ agreed }) => agreed)).toEqual([true, false, true, true]);
  });

  it("a question without an outcome pays nobody and blames nobody", () => {
    const need = thread();
    need.send(FUNDED, bids("w1"), concluded("plan", "absent", "pass", "silent"));
    expect(need.facts()).toMatchObject({ outcome: "no_bids", last: true, planVotes: [] });
  });

  it("more than the need was funded for are never put to a vote", () => {
    const need = thread({ planCandidatesMax: 2 });
    need.send(FUNDED, bids("w1", "w2", "w3"), REFUSED, REFUSED);
    expect(need.stage()).toBe("settling");
    expect(need.count("openPlanCommittee")).toBe(2);
    expect(need.facts()).toMatchObject({ outcome: "no_bids", reason: "no candidate is left" });
  });

  it("an attempt that used up the candidates is the last", () => {
    const need = thread({ planCandidatesMax: 1, awardsMax: 8 });
    need.send(...toLeased, leaseEnded("released"));
    expect(need.facts()).toMatchObject({ outcome: "no_submission", last: true });
  });

  it("whoever hid a bid and never opened it is barred from later attempts", () => {
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED, { type: "RANKED", bids: [ranked("w1")], barred: ["w9"] }, APPROVED);
    need.send({ type: "DECIDED" }, LEASED, leaseEnded("released"), SETTLED);
    expect(need.last("openAttempt")?.params).toEqual({
      attempt: 2,
      auction: true,
      barred: ["w9", "w1"],
    });
  });
});

describe("the next attempt", () => {
  it.each(["missed_claim", "bond_refused", "yielded", "released"] as const)(
    "after %s inherits the frozen ranking without the worker",
    (reason) => {
      const need = thread({ awardsMax: 8 });
      need.send(...toAwarded, ...(reason === "missed_claim" ? [] : [LEASED]), leaseEnded(reason));
      expect(need.facts()).toMatchObject({ outcome: "no_submission", last: false, reason });
      need.send(SETTLED);
      expect(need.stage()).toBe("planning");
      expect(need.end()?.verb).toBe("RELEASE");
      expect(need.last("openAttempt")?.params).toEqual({
        attempt: 2,
        auction: false,
        barred: ["w1"],
      });
      expect(need.last("openPlanCommittee")?.params.candidate.worker).toBe("w2");
    },
  );

  it("knows nothing of the one before but counters, bar and ranking", () => {
    const need = thread({ awardsMax: 8, failuresMax: 8 });
    need.send(...toVerifying, FAILED);
    need.pass("window");
    need.send(SETTLED);
    const { now } = need;
    expect(now()).toMatchObject({ attempt: 2, failures: 1, awards: 0, decided: false, seats: [] });
    const { bid, lease, leased, commit, verdict, outcome, reason } = now();
    expect([bid, lease, leased, commit, verdict, outcome, reason]).toEqual(
      Array.from({ length: 7 }, () => undefined),
    );
    need.send(APPROVED, { type: "DECIDED" }, leaseEnded("missed_claim"));
    expect(need.facts()).toEqual({
      attempt: 2,
      outcome: "no_submission",
      last: false,
      planVotes: [{ agent: "v0", agreed: true }],
      seats: [],
      decided: { worker: "w2", price: 2_000_000n, etaMs: 500 },
      reason: "missed_claim",
    });
  });

  it("opens a new auction when nobody of the ranking is left", () => {
    const need = thread({ awardsMax: 8 });
    need.send(...toLeased, leaseEnded("released"), SETTLED, ...again.slice(0, 3));
    need.send(leaseEnded("released"), SETTLED);
    expect(need.stage()).toBe("auction");
    expect(need.last("openAttempt")?.params.barred).toEqual(["w1", "w2"]);
  });

  it("tries the same candidate again when the decision was lost: it is not to blame", () => {
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED, bids("w1"), APPROVED, { type: "LOST" });
    expect(need.facts()).toEqual({
      attempt: 1,
      outcome: "no_submission",
      last: false,
      planVotes: [{ agent: "v0", agreed: true }],
      seats: [],
      reason: "lost",
    });
    need.send(SETTLED);
    expect(need.last("openPlanCommittee")?.params.candidate.worker).toBe("w1");
  });

  it("there is none after the last award", () => {
    const need = thread({ awardsMax: 2 });
    need.send(...toLeased, leaseEnded("released"), SETTLED, ...again.slice(0, 3));
    need.send(leaseEnded("yielded"));
    expect(need.facts()).toMatchObject({ last: true, outcome: "no_submission" });
    need.send(SETTLED);
    expect(need.value()).toBe("closed");
    expect(need.end()).toMatchObject({ verb: "RELEASE", body: { last: true, attempt: 2 } });
  });

  it("there is none after the last failure", () => {
    const need = thread({ failuresMax: 2 });
    need.send(...toVerifying, FAILED);
    need.pass("window");
    expect(need.facts()).toMatchObject({ outcome: "rejected", last: false });
    need.send(SETTLED, ...again, FAILED);
    need.pass("window");
    expect(need.facts()).toMatchObject({ outcome: "rejected", last: true });
    need.send(SETTLED);
    expect(need.end()).toMatchObject({ verb: "REJECT" });
    expect(need.value()).toBe("closed");
  });

  it("opens only after the ledger's answer, and asks for it again", () => {
    const need = thread();
    need.send(...toLeased, leaseEnded("released"));
    expect(need.count("openAttempt")).toBe(1);
    need.pass("settleRetry");
    expect(need.commands.at(-1)).toEqual({ type: "resend", params: { name: "settle" } });
    expect(need.count("settle")).toBe(1);
  });
});

describe("cancelling", () => {
  it.each([
    ["the auction", [FUNDED]],
    ["planning", [FUNDED, bids("w1")]],
  ])("in %s is before the decision", (_where, events) => {
    const need = thread();
    need.send(...events, { type: "CANCEL" });
    expect(need.facts()).toMatchObject({ outcome: "cancelled", cancelledBefore: true, last: true });
  });

  it.each([
    ["awarded", toAwarded],
    ["leased", toLeased],
  ])("when %s revokes the lease and counts what it lasted", (stage, events) => {
    const need = thread();
    need.send(...events);
    expect(need.send({ type: "CANCEL" })).toEqual([
      { type: "endLease", params: { attempt: 1, how: "revoked" } },
    ]);
    expect(need.stage()).toBe(stage);
    need.send(COMMITTED, leaseEnded("revoked"));
    expect(need.facts()).toMatchObject({
      outcome: "cancelled",
      cancelledBefore: false,
      last: true,
      decided: { worker: "w1" },
    });
    expect(need.facts()?.leased?.elapsedMs).toBe(stage === "leased" ? 700 : undefined);
    need.send(SETTLED);
    expect(need.end()?.verb).toBe("CLOSE");
  });

  it("does not wait for ever for a lease that says nothing", () => {
    const need = thread();
    need.send(...toLeased, { type: "CANCEL" });
    need.pass("revokeTime");
    expect(need.facts()).toMatchObject({ outcome: "cancelled", last: true });
  });

  it("is not heard while deciding, nor after COMMIT", () => {
    for (const events of [toAwarded.slice(0, 3), toVerifying, [...toVerifying, PASSED]]) {
      const need = thread();
      need.send(...events);
      const stage = need.stage();
      expect(need.send({ type: "CANCEL" })).toEqual([]);
      expect(need.stage()).toBe(stage);
    }
  });
});

describe("the need's deadline", () => {
  it("is one timer from funding on, over all attempts", () => {
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED);
    const timers = () =>
      [...need.place().timers.keys()].filter((id) => id.includes("needDeadline"));
    expect(need.delayOf("needDeadline")).toBe(60_000);
    const [first] = timers();
    need.send(...toLeased.slice(1), leaseEnded("released"), SETTLED, APPROVED);
    expect(timers()).toEqual([first]);
    expect([...need.place().timers.keys()][0]).toBe(first);
  });

  it.each([
    ["auction", [FUNDED]],
    ["planning", [FUNDED, bids("w1")]],
    ["deciding", [FUNDED, bids("w1"), APPROVED]],
  ])("in %s ends the need as expired", (_stage, events) => {
    const need = thread();
    need.send(...events);
    need.pass("needDeadline");
    expect(need.facts()).toMatchObject({ outcome: "expired", last: true });
    expect(need.facts()).not.toHaveProperty("decided");
    need.send(SETTLED);
    expect(need.end()?.verb).toBe("CLOSE");
  });

  it.each([
    ["awarded", toAwarded],
    ["leased", toLeased],
  ])("when %s revokes the lease; nothing was submitted", (_stage, events) => {
    const need = thread({ awardsMax: 8 });
    need.send(...events);
    need.pass("needDeadline");
    expect(need.last("endLease")?.params.how).toBe("revoked");
    need.send(leaseEnded("revoked"));
    expect(need.facts()).toMatchObject({ outcome: "no_submission", last: true, reason: "revoked" });
  });

  it("does not touch a result that was committed in time", () => {
    const need = thread();
    need.send(...toVerifying);
    need.pass("needDeadline");
    need.send(PASSED);
    need.pass("window");
    expect(need.facts()).toMatchObject({ outcome: "finalized", last: true });
  });

  it("leaves no further attempt to a result that is rejected after it", () => {
    const need = thread({ failuresMax: 3 });
    need.send(...toVerifying);
    need.pass("needDeadline");
    need.send(FAILED);
    need.pass("window");
    expect(need.facts()).toMatchObject({ outcome: "rejected", last: true });
  });

  it("that passes while a posting is awaited expires the next attempt at once", () => {
    const need = thread({ awardsMax: 8 });
    need.send(...toLeased, leaseEnded("released"));
    need.pass("needDeadline");
    need.send(SETTLED);
    expect(need.last("openAttempt")?.params).toMatchObject({ attempt: 2, auction: false });
    expect(need.facts()).toMatchObject({ attempt: 2, outcome: "expired", last: true });
    expect(need.facts()).not.toHaveProperty("decided");
    need.send(SETTLED);
    expect(need.value()).toBe("closed");
  });
});

describe("absence of a verdict", () => {
  const absent = (...answers: Parameters<typeof concluded>[2][]) =>
    concluded("result", "absent", ...(answers as never[]));
  it.each([
    ["pays the price where nobody objected", {}, absent("pass", "silent" as never), "price", 200],
    ["pays the fee after an abstention", {}, absent("abstain" as never), "fee", 0],
    ["pays nothing after a fail vote", {}, absent("fail", "pass"), "nothing", 0],
    ["pays the fee where a quorum was asked", { kResultAsked: true }, absent("pass"), "fee", 0],
    ["pays the fee above small", { tier: "medium" as const }, absent("pass"), "fee", 0],
  ])("%s", (_name, input, event, pays, windowMs) => {
    const need = thread(input);
    need.send(...toVerifying, event);
    expect(need.delayOf("window")).toBe(windowMs);
    need.pass("window");
    expect(need.facts()).toMatchObject({
      outcome: "evaluator_absent",
      absentPays: pays,
      last: true,
    });
    need.send(SETTLED);
    expect(need.end()?.verb).toBe("CLOSE");
    expect(need.value()).toBe("closed");
  });

  it("is assumed when nobody concludes in the longest time a committee may take", () => {
    const need = thread();
    need.send(...toVerifying);
    need.pass("verifyTime");
    need.pass("window");
    expect(need.facts()).toMatchObject({ outcome: "evaluator_absent", seats: [] });
  });
});

describe("a challenge", () => {
  const contestable = (input: Partial<NeedThreadInput> = {}) => {
    const need = thread({ failuresMax: 3, ...input });
    need.send(...toVerifying, PASSED);
    return need;
  };

  it("suspends the window until its bond answers, then until it is ruled", () => {
    const need = contestable();
    need.send(CHALLENGED);
    expect([need.stage(), need.delayOf("window")]).toEqual(["contest_pending", undefined]);
    expect(need.last("openChallenge")?.params).toEqual({ attempt: 1, challenges: ["c1"] });
    need.send({ type: "CHALLENGE_OPENED", challenge: "c1" });
    expect(need.stage()).toBe("contested");
    need.send(ruling(false));
    expect([need.stage(), need.delayOf("window")]).toEqual(["contestable", 200]);
  });

  it("that is upheld invalidates, bars the worker and counts as a failure", () => {
    const need = contestable();
    need.send(CHALLENGED, { type: "CHALLENGE_OPENED", challenge: "c1" }, ruling(true));
    expect(need.facts()).toMatchObject({ outcome: "invalidated", last: false });
    need.send(SETTLED);
    expect(need.end()?.verb).toBe("INVALIDATE");
    expect(need.now()).toMatchObject({ attempt: 2, failures: 1, barred: ["w1"] });
  });

  it("waits for the others, and one upheld is enough", () => {
    const need = contestable();
    need.send(CHALLENGED, { type: "CHALLENGED", challenge: "c2" });
    need.send(ruling(true));
    expect(need.stage()).toBe("contest_pending");
    need.send({ type: "CHALLENGE_REFUSED", challenge: "c2" });
    expect(need.facts()).toMatchObject({ outcome: "invalidated" });
  });

  it("that nobody opened here is not mistaken for one that is open", () => {
    const need = contestable();
    need.send(CHALLENGED, ruling(true, "c9"));
    expect([need.stage(), need.now().open]).toEqual(["contest_pending", ["c1"]]);
  });

  it("is opened once more when it does not end, and nothing settles meanwhile", () => {
    const need = contestable();
    need.send(CHALLENGED);
    expect(need.pass("bondTime")).toEqual([
      { type: "openChallenge", params: { attempt: 1, challenges: ["c1"] } },
    ]);
    need.send({ type: "CHALLENGE_OPENED", challenge: "c1" });
    expect(need.pass("ruleTime")).toEqual([
      { type: "openChallenge", params: { attempt: 1, challenges: ["c1"] } },
    ]);
    expect([need.stage(), need.count("settle")]).toEqual(["contested", 0]);
  });

  it("that only the ledger knew takes the settlement back until it is ruled", () => {
    const need = contestable();
    need.pass("window");
    need.send({ type: "SETTLE_SEALED", open: ["c1"] });
    expect(need.stage()).toBe("contest_pending");
    expect(need.now()).toMatchObject({ outcome: undefined, last: false });
    need.send({ type: "CHALLENGE_OPENED", challenge: "c1" }, ruling(true));
    expect(need.facts()).toMatchObject({ outcome: "invalidated" });
    expect(need.now().failures).toBe(1);
  });

  it("against a rejection changes nothing for now, and is counted once", () => {
    const need = thread({ failuresMax: 3 });
    need.send(...toVerifying, FAILED);
    expect(need.delayOf("window")).toBe(0);
    need.pass("window");
    need.send({ type: "SETTLE_SEALED", open: ["c1"] });
    expect(need.now()).toMatchObject({ failures: 0, barred: [] });
    need.send(ruling(true));
    need.pass("window");
    expect(need.facts()).toMatchObject({ outcome: "rejected" });
    expect(need.now()).toMatchObject({ failures: 1, barred: ["w1"] });
  });

  it("against an attempt without a result leaves its end as it was", () => {
    const need = thread({ awardsMax: 8 });
    need.send(...toLeased, { type: "CANCEL" }, leaseEnded("revoked"));
    const before = need.facts();
    need.send({ type: "SETTLE_SEALED", open: ["c1"] });
    need.send({ type: "CHALLENGE_OPENED", challenge: "c1" }, ruling(true));
    expect(need.stage()).toBe("settling");
    expect(need.facts()).toEqual(before);
    expect(need.count("settle")).toBe(2);
  });

  it("cannot keep the window open for ever", () => {
    const need = contestable();
    for (let round = 0; round < 8; round += 1) {
      expect(need.delayOf("window")).toBe(200);
      need.send({ type: "CHALLENGED", challenge: `c${round}` }, ruling(false, `c${round}`));
    }
    expect(need.delayOf("window")).toBe(0);
  });
});
