import { describe, expect, it } from "vitest";
import type { NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import {
  APPROVED,
  bids,
  CHALLENGED,
  FAILED,
  FUNDED,
  PASSED,
  ruling,
  SETTLED,
  thread,
  toAwarded,
  toLeased,
  toVerifying,
} from "./need-driver.ts";
import { concluded, leaseEnded } from "./subjects.ts";

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

  it("says why nobody could be drawn", () => {
    const need = thread();
    need.send(...toVerifying, { ...absent(), reason: "QUORUM_UNAVAILABLE" });
    need.pass("window");
    expect(need.facts()).toMatchObject({
      outcome: "evaluator_absent",
      reason: "QUORUM_UNAVAILABLE",
    });
  });

  it("is assumed when nobody concludes in time, and pays nothing: a fail vote may be unheard", () => {
    const need = thread();
    need.send(...toVerifying);
    need.pass("verifyTime");
    expect(need.delayOf("window")).toBe(0);
    need.send(PASSED);
    need.pass("window");
    expect(need.facts()).toMatchObject({
      outcome: "evaluator_absent",
      seats: [],
      absentPays: "nothing",
      last: true,
      reason: "the committee did not conclude in time",
    });
  });
});

describe("a challenge", () => {
  const contestable = (input: Partial<NeedThreadInput> = {}) => {
    const need = thread({ failuresMax: 3, ...input });
    need.send(...toVerifying, PASSED);
    return need;
  };

  it("a challenge that never had a bond gains no time, however often it comes", () => {
    const need = contestable();
    const refused = (atMs: number): void => {
      need.send({ type: "CHALLENGED", atMs, challenge: "c9" });
      need.send({ type: "CHALLENGE_REFUSED", atMs: atMs + 50, challenge: "c9" });
    };
    refused(9 + 60);
    expect([need.stage(), need.delayOf("window")]).toEqual(["contestable", 140]);
    refused(9 + 60 + 50 + 100);
    expect(need.delayOf("window")).toBe(40);
  });

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
    need.send(CHALLENGED, { type: "CHALLENGED", atMs: 9, challenge: "c2" });
    need.send(ruling(true));
    expect(need.stage()).toBe("contest_pending");
    need.send({ type: "CHALLENGE_REFUSED", atMs: 9, challenge: "c2" });
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
      need.send(
        { type: "CHALLENGED", atMs: 9, challenge: `c${round}` },
        ruling(false, `c${round}`),
      );
    }
    expect(need.delayOf("window")).toBe(0);
  });
});
