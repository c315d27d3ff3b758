import { describe, expect, it } from "vitest";
import {
  again,
  APPROVED,
  bids,
  COMMITTED,
  FAILED,
  FUNDED,
  LEASED,
  PASSED,
  REFUSED,
  SETTLED,
  thread,
  toAwarded,
  toLeased,
  toVerifying,
} from "./need-driver.ts";
import type { NeedThreadEvent } from "#machines/need-thread/need-thread.events.ts";
import { concluded, leaseEnded, ranked } from "./subjects.ts";

describe("a need that goes well", () => {
  it("passes through every stage and is finalized by the votes that carry it", () => {
    const need = thread();
    const stages = [need.stage()];
    for (const event of [...toVerifying, PASSED]) {
      need.send(event);
      stages.push(need.stage());
    }
    expect(stages).toEqual(
      "funding auction planning deciding awarded leased verifying contestable".split(" "),
    );
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

  it("that nobody can be drawn to judge are passed over by name", () => {
    const need = thread();
    need.send(FUNDED, bids("w1"), { ...concluded("plan", "absent"), reason: "DIVERSITY_UNMET" });
    expect(need.facts()?.reason).toBe("no candidate is left: DIVERSITY_UNMET");
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

  it("takes no bid of whoever is barred", () => {
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED, bids("w1"), ...toLeased.slice(2), leaseEnded("released"), SETTLED);
    need.send(bids("w1", "w2"));
    expect(need.last("openPlanCommittee")?.params.candidate.worker).toBe("w2");
    const none = thread({ awardsMax: 8 });
    none.send(FUNDED, bids("w1"), ...toLeased.slice(2), leaseEnded("released"), SETTLED);
    none.send(bids("w1"));
    expect(none.facts()).toMatchObject({ outcome: "no_bids", last: true });
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

describe("a result that comes after its worker was silent", () => {
  const silent = leaseEnded("released");
  const late = { type: "LATE_RESULT", attempt: 1, worker: "w1", isSalvaged: true } as const;

  it("makes its worker the next attempt's candidate behind those still ranked", () => {
    const need = thread({ awardsMax: 8 });
    need.send(
      FUNDED,
      bids("w1", "w2", "w3"),
      APPROVED,
      { type: "DECIDED" },
      LEASED,
      silent,
      SETTLED,
    );
    expect(need.now()).toMatchObject({ attempt: 2, barred: ["w1"], alternates: [] });
    need.send(late);
    expect(need.stage()).toBe("planning");
    expect(need.now().ranking.map(({ worker }) => worker)).toEqual(["w2", "w3"]);
    need.send(APPROVED, { type: "DECIDED" }, LEASED, silent, SETTLED);
    expect(need.now().ranking.map(({ worker }) => worker)).toEqual(["w3", "w1"]);
    expect(need.now()).toMatchObject({ attempt: 3, barred: ["w2"], alternates: [] });
  });

  it("spares an auction where nobody else is left", () => {
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED, bids("w1"), APPROVED, { type: "DECIDED" }, LEASED, silent, late, SETTLED);
    expect(need.stage()).toBe("planning");
    need.send(...again, PASSED);
    need.pass("window");
    expect(need.facts()).toMatchObject({
      attempt: 2,
      outcome: "finalized",
      decided: { worker: "w1" },
    });
  });

  it("counts once, for that worker and that attempt, and not where it cannot serve", () => {
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED, bids("w1", "w2"), APPROVED, { type: "DECIDED" }, LEASED, silent, SETTLED);
    const before = need.now();
    need.send({ ...late, worker: "w2" }, { ...late, attempt: 2 });
    expect(need.now()).toEqual(before);
    need.send(late, late);
    expect(need.now().alternates.map(({ worker }) => worker)).toEqual(["w1"]);
    const other = thread({ awardsMax: 8 });
    other.send(FUNDED, bids("w1", "w2"), APPROVED, { type: "DECIDED" }, LEASED, silent, SETTLED);
    other.send({ ...late, isSalvaged: false }, late);
    expect(other.now()).toMatchObject({ silent: [], alternates: [], barred: ["w1"] });
  });

  it("is of use once in a need: who is silent again, salvaged before, is barred for good", () => {
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED, bids("w1"), APPROVED, { type: "DECIDED" }, LEASED, silent, late, SETTLED);
    need.send(APPROVED, { type: "DECIDED" }, LEASED, silent);
    expect(need.now()).toMatchObject({ attempt: 2, silent: [], barred: ["w1"] });
    need.send({ ...late, attempt: 2 }, SETTLED);
    expect(need.stage()).toBe("auction");
    expect(need.now()).toMatchObject({ attempt: 3, barred: ["w1"], alternates: [] });
  });

  it("is a candidate of the attempt that still chooses one: no bids, none ranked, the last refused", () => {
    const alone = (...after: NeedThreadEvent[]) => {
      const need = thread({ awardsMax: 8 });
      need.send(FUNDED, bids("w1"), APPROVED, { type: "DECIDED" }, LEASED, silent, SETTLED, late);
      expect(need.stage()).toBe("auction");
      need.send(...after);
      return { stage: need.stage(), ranking: need.now().ranking.map(({ worker }) => worker) };
    };
    expect(alone({ type: "NO_BIDS" })).toEqual({ stage: "planning", ranking: ["w1"] });
    expect(alone(bids())).toEqual({ stage: "planning", ranking: ["w1"] });
    expect(alone(bids("w2"))).toEqual({ stage: "planning", ranking: ["w2", "w1"] });
    expect(alone(bids("w2", "w1"))).toEqual({ stage: "planning", ranking: ["w2", "w1"] });
    const need = thread({ awardsMax: 8 });
    need.send(FUNDED, bids("w1", "w2"), APPROVED, { type: "DECIDED" }, LEASED, silent, SETTLED);
    need.send(late, REFUSED);
    expect([need.stage(), need.now().ranking[0]?.worker]).toEqual(["planning", "w1"]);
  });

  it.each(["missed_claim", "bond_refused", "yielded", "revoked"] as const)(
    "is nothing after a lease that ended otherwise: %s",
    (reason) => {
      const need = thread({ awardsMax: 8 });
      need.send(FUNDED, bids("w1", "w2"), APPROVED, { type: "DECIDED" }, LEASED);
      need.send(leaseEnded(reason), SETTLED, late);
      expect(need.now()).toMatchObject({ silent: [], alternates: [] });
    },
  );
});
