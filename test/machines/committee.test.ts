import { describe, expect, it } from "vitest";
import type { CommitteeCommand } from "#machines/committee/committee.commands.ts";
import type { CommitteeEvent, CommitteeInput } from "#machines/committee/committee.events.ts";
import { committeeMachine } from "#machines/committee/committee.machine.ts";
import { drive } from "./driver.ts";
import { committeeInput, hashed, revealed, seated, voted } from "./subjects.ts";

const committee = (input: Partial<CommitteeInput>, ...events: CommitteeEvent[]) => {
  const driven = drive<CommitteeEvent, CommitteeCommand>(committeeMachine, {
    ...committeeInput,
    ...input,
  });
  driven.send(...events);
  return {
    ...driven,
    draw: () => driven.last("draw")?.params,
    end: () => driven.last("conclude")?.params,
    answers: () => driven.last("conclude")?.params.seats.map(({ answer }) => answer),
  };
};

describe("a committee", () => {
  it("draws 2K − 1 seats, at least K, and asks again until it has them", () => {
    const subject = committee({ k: 3 });
    expect(subject.draw()).toEqual({ round: 0, count: 5, least: 3, firstSeat: 0 });
    expect(subject.pass("drawRetry")).toEqual([subject.commands[0]]);
    expect(subject.send(seated(0, 0, 5))).toEqual([{ type: "callForVotes", params: { round: 0 } }]);
  });

  it("ends at K equal verdicts; seats without an answer are pending", () => {
    const subject = committee({}, seated(0, 0, 3), voted(2, "pass"), voted(0, "pass"));
    expect(subject.end()).toEqual({
      question: "result",
      result: "pass",
      seats: [
        { seat: 0, agent: "v0", answer: "pass" },
        { seat: 1, agent: "v1", answer: "pending" },
        { seat: 2, agent: "v2", answer: "pass" },
      ],
      carried: ["vote-0", "vote-2"],
    });
    expect(subject.value()).toBe("agreed");
  });

  it("fails by K fails", () => {
    const subject = committee({}, seated(0, 0, 3), ...[0, 1].map((n) => voted(n, "fail")));
    expect(subject.end()).toMatchObject({ result: "fail", carried: ["vote-0", "vote-1"] });
  });

  it("hears a seat once, and nobody who has no seat", () => {
    const subject = committee(
      {},
      seated(0, 0, 3),
      voted(0, "pass"),
      voted(0, "fail"),
      voted(9, "pass"),
    );
    expect(subject.value()).toBe("voting");
    subject.send(voted(1, "pass"));
    expect(subject.answers()).toEqual(["pass", "pass", "pending"]);
  });

  it("ignores a draw of another round", () => {
    const subject = committee({}, seated(1, 0, 3), {
      type: "DRAW_FAILED",
      round: 2,
      reason: "late",
    });
    expect(subject.value()).toBe("drawing");
  });

  it("without seats is absent", () => {
    const subject = committee({}, { type: "DRAW_FAILED", round: 0, reason: "DIVERSITY_UNMET" });
    expect(subject.end()).toEqual({
      question: "result",
      result: "absent",
      seats: [],
      carried: [],
      reason: "DIVERSITY_UNMET",
    });
  });

  it("replaces abstentions and silence, as many as there were", () => {
    const subject = committee({ k: 3 }, seated(0, 0, 5));
    subject.send(voted(0, "pass"), voted(1, "pass"), voted(2, "abstain"), voted(3, "fail"));
    subject.pass("voteTime");
    expect(subject.draw()).toEqual({ round: 1, count: 2, least: 1, firstSeat: 5 });
    subject.send(seated(1, 5, 2), voted(6, "pass"));
    expect(subject.answers()).toEqual("pass pass abstain fail silent pending pass".split(" "));
  });

  it("draws as many as can still decide where it had too few seats", () => {
    const subject = committee({ k: 3 }, seated(0, 0, 3));
    subject.send(voted(0, "pass"), voted(1, "fail"), voted(2, "abstain"));
    expect(subject.draw()).toEqual({ round: 1, count: 2, least: 2, firstSeat: 3 });
  });

  it("draws again twice at most", () => {
    const subject = committee({ k: 1 }, seated(0, 0, 1));
    for (const round of [1, 2]) {
      subject.pass("voteTime");
      expect(subject.draw()).toMatchObject({ round, firstSeat: round });
      subject.send(seated(round, round, 1));
    }
    subject.send(voted(2, "abstain"));
    expect(subject.answers()).toEqual(["silent", "silent", "abstain"]);
    expect(subject.end()?.result).toBe("absent");
  });

  it("is absent when a redraw finds nobody", () => {
    const subject = committee({ k: 1 }, seated(0, 0, 1), voted(0, "abstain"));
    subject.send({ type: "DRAW_FAILED", round: 1, reason: "QUORUM_UNAVAILABLE" });
    expect(subject.end()).toMatchObject({ result: "absent" });
  });
});

describe("a committee with hidden votes", () => {
  const sealed = (...events: CommitteeEvent[]) => committee({ sealed: true }, ...events);

  it("opens them when all have voted", () => {
    const subject = sealed(seated(0, 0, 3), hashed(0), hashed(1));
    expect(subject.send(revealed(0, "pass"))).toEqual([]);
    expect(subject.send(hashed(2))).toEqual([{ type: "callForReveals" }]);
    subject.send(revealed(2, "pass"), revealed(1, "pass"));
    expect(subject.answers()).toEqual(["pending", "pass", "pass"]);
  });

  it("opens them at the deadline, and who said nothing is silent", () => {
    const subject = sealed(seated(0, 0, 3), hashed(0), hashed(1));
    expect(subject.pass("voteTime")).toEqual([{ type: "callForReveals" }]);
    subject.send(revealed(0, "fail"), revealed(1, "fail"));
    expect(subject.answers()).toEqual(["fail", "fail", "silent"]);
  });

  it("silence after a hash is silence, and is drawn again", () => {
    const subject = sealed(seated(0, 0, 3), hashed(0), hashed(1), hashed(2), revealed(0, "pass"));
    subject.pass("revealTime");
    expect(subject.draw()).toEqual({ round: 1, count: 2, least: 1, firstSeat: 3 });
    subject.send(seated(1, 3, 1), hashed(3), revealed(3, "pass"));
    expect(subject.answers()).toEqual(["pass", "silent", "silent", "pass"]);
  });

  it("keeps the first hash of a seat", () => {
    const subject = sealed(seated(0, 0, 3), hashed(0));
    subject.send({ type: "VOTE_HASHED", seat: 0, hash: new Uint8Array(32).fill(9) });
    const { seats } = subject.context<{ seats: readonly { hash?: Uint8Array }[] }>();
    expect(seats[0]?.hash?.[0]).toBe(0);
  });
});
