import { describe, expect, it } from "vitest";
import type { LeaseCommand } from "#machines/lease/lease.commands.ts";
import type { LeaseEvent } from "#machines/lease/lease.events.ts";
import { leaseMachine, type LeaseContext } from "#machines/lease/lease.machine.ts";
import { drive } from "./driver.ts";
import { leaseInput } from "./subjects.ts";

const CLAIM: LeaseEvent = { type: "CLAIM", ttlMs: 20_000 };
const BONDED: LeaseEvent = { type: "BONDED", revision: 7, atMs: 100 };

const lease = (...events: LeaseEvent[]) => {
  const driven = drive<LeaseEvent, LeaseCommand>(leaseMachine, leaseInput);
  driven.send(...events);
  return { ...driven, ended: () => driven.last("ended")?.params };
};

describe("a lease", () => {
  it("is claimed, bonded, granted and worked on", () => {
    const subject = lease();
    expect(subject.commands).toEqual([{ type: "callForClaim" }]);
    expect(subject.send(CLAIM)).toEqual([{ type: "requestBond" }]);
    expect(subject.value()).toBe("bonding");
    expect(subject.pass("bondRetry")).toEqual([{ type: "resend", params: { name: "bond" } }]);
    expect(subject.send(BONDED)).toEqual([{ type: "callForWork" }]);
    expect(subject.context<LeaseContext>()).toMatchObject({
      revision: 7,
      grantedAtMs: 100,
      ttlMs: 20_000,
    });
    expect([subject.delayOf("leaseTime"), subject.delayOf("silenceTime")]).toEqual([
      20_000, 10_000,
    ]);
  });

  it("ends without a word when the COMMIT was taken", () => {
    const subject = lease(CLAIM, BONDED, { type: "END", how: "committed" });
    expect(subject.isDone()).toBe(true);
    expect(subject.count("ended")).toBe(0);
  });

  it.each([
    ["not claimed", [], "claimTime", "missed_claim", 0],
    ["after silence", [CLAIM, BONDED], "silenceTime", "released", 2],
  ] as const)("%s it ends by time", (_name, events, delay, reason, heartbeatsMissed) => {
    const subject = lease(...events);
    subject.pass(delay);
    expect(subject.ended()).toEqual({ reason, heartbeatsMissed, yieldedLate: false });
    expect(subject.isDone()).toBe(true);
  });

  it.each([
    [4_999, 0],
    [5_000, 1],
    [9_999, 1],
    [10_000, 2],
    [20_000, 2],
  ])("at its deadline of %d ms it ends, and %d heartbeats were missed", (ttlMs, missed) => {
    const subject = lease({ type: "CLAIM", ttlMs }, BONDED);
    subject.pass("leaseTime");
    expect(subject.ended()).toEqual({
      reason: "released",
      heartbeatsMissed: missed,
      yieldedLate: false,
    });
  });

  it("counts as missed only what was missed since the last heartbeat", () => {
    const beat: LeaseEvent = { type: "HEARTBEAT", atMs: 4_100, ttlMs: 3_000, progress: 0 };
    const subject = lease({ type: "CLAIM", ttlMs: 7_000 }, BONDED, beat);
    subject.pass("leaseTime");
    expect(subject.ended()).toMatchObject({ reason: "released", heartbeatsMissed: 0 });
  });

  it.each([
    ["awarded", []],
    ["bonding", [CLAIM]],
    ["held", [CLAIM, BONDED]],
  ])("can be revoked while %s", (_name, events) => {
    const subject = lease(...events, { type: "END", how: "revoked" });
    expect(subject.ended()).toMatchObject({ reason: "revoked" });
  });

  it("ends when its bond is refused", () => {
    expect(lease(CLAIM, { type: "BOND_REFUSED" }).ended()).toMatchObject({
      reason: "bond_refused",
    });
  });

  it("a heartbeat moves both clocks and does not ask for work again", () => {
    const subject = lease(CLAIM, BONDED);
    expect(
      subject.send({ type: "HEARTBEAT", atMs: 4_100, ttlMs: 20_000, progress: 300_000 }),
    ).toEqual([]);
    expect(subject.context<LeaseContext>()).toMatchObject({
      ttlMs: 24_000,
      restMs: 20_000,
      progress: 300_000,
    });
    expect([subject.delayOf("leaseTime"), subject.delayOf("silenceTime")]).toEqual([
      20_000, 10_000,
    ]);
  });

  it.each([
    ["in the first quarter is free", 5_100, false],
    ["after the first quarter is late", 5_101, true],
  ])("a yield %s", (_name, atMs, yieldedLate) => {
    const subject = lease(CLAIM, BONDED, { type: "YIELD", atMs });
    expect(subject.ended()).toEqual({ reason: "yielded", heartbeatsMissed: 0, yieldedLate });
  });

  it("a heartbeat prolongs the quarter, as it prolongs the lease", () => {
    const beat: LeaseEvent = { type: "HEARTBEAT", atMs: 4_100, ttlMs: 20_000, progress: 0 };
    expect(lease(CLAIM, BONDED, beat, { type: "YIELD", atMs: 6_100 }).ended()).toMatchObject({
      yieldedLate: false,
    });
  });
});
