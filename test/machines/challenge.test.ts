import { describe, expect, it } from "vitest";
import type { ChallengeCommand } from "#machines/challenge/challenge.commands.ts";
import type { ChallengeEvent, ChallengeInput } from "#machines/challenge/challenge.events.ts";
import { challengeMachine } from "#machines/challenge/challenge.machine.ts";
import { drive } from "./driver.ts";
import { challengeInput } from "./subjects.ts";

const challenge = (input: Partial<ChallengeInput> = {}) =>
  drive<ChallengeEvent, ChallengeCommand>(challengeMachine, { ...challengeInput, ...input });
const report = (what: string) => ({ type: "report", params: { what } });
const resolve = (upheld: boolean) => ({ type: "resolveBond", params: { upheld } });

describe("a challenge", () => {
  it("is open once its bond is held", () => {
    const subject = challenge();
    expect(subject.commands).toEqual([{ type: "requestBond" }]);
    expect(subject.pass("bondRetry")).toEqual([{ type: "resend", params: { name: "challenge" } }]);
    expect(subject.send({ type: "BONDED" })).toEqual([report("opened")]);
  });

  it("without a bond is refused and never ruled", () => {
    const subject = challenge();
    expect(subject.send({ type: "BOND_REFUSED" })).toEqual([report("refused")]);
    expect(subject.send({ type: "RULED", upheld: true })).toEqual([]);
    expect(subject.value()).toBe("refused");
  });

  it.each([true, false])("ruled %s: the bond is resolved before the ruling is told", (upheld) => {
    const subject = challenge({ bonded: true });
    expect(subject.commands).toEqual([report("opened")]);
    expect(subject.send({ type: "RULED", upheld })).toEqual([resolve(upheld)]);
    expect(subject.pass("resolveRetry")).toEqual([{ type: "resend", params: { name: "resolve" } }]);
    expect(subject.send({ type: "RULED", upheld: !upheld })).toEqual([]);
    expect(subject.send({ type: "RESOLVED" })).toEqual([report(upheld ? "upheld" : "rejected")]);
  });

  it("is rejected where nobody rules in time", () => {
    const subject = challenge({ bonded: true });
    expect(subject.pass("ruleTime")).toEqual([resolve(false)]);
    expect(subject.send({ type: "RESOLVED" })).toEqual([report("rejected")]);
  });

  it("that names nothing is acknowledged with its bond, and closed without a ruling", () => {
    const subject = challenge({ moot: true });
    expect(subject.commands).toEqual([{ type: "requestBond" }]);
    expect(subject.send({ type: "BONDED" })).toEqual([report("opened"), resolve(false)]);
    expect(subject.send({ type: "RULED", upheld: true })).toEqual([]);
    expect(subject.send({ type: "RESOLVED" })).toEqual([report("rejected")]);
  });

  it("that names nothing is closed as rejected at once", () => {
    const subject = challenge({ bonded: true, moot: true });
    expect(subject.commands).toEqual([resolve(false)]);
    expect(subject.send({ type: "RULED", upheld: true })).toEqual([]);
    expect(subject.send({ type: "RESOLVED" })).toEqual([report("rejected")]);
  });
});
