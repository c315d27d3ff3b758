/** Counts what happened and throws as soon as it may not. */
import { expect } from "vitest";
import type { NeedThreadCommand } from "#machines/need-thread/need-thread.commands.ts";
import type { NeedThreadContext } from "#machines/need-thread/need-thread.context.ts";
import type { NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import { stageOf } from "#machines/need-thread/need-thread.stage.ts";
import type { Event } from "#runtime/logic/logic.ts";
import type { Place, Taken } from "./walk.ts";

export const contextOf = (place: Place): NeedThreadContext =>
  place.snapshot.context as NeedThreadContext;

export const watchOver = (input: NeedThreadInput) => {
  const ended: number[] = [];
  const outcomes = new Set<string>();
  const decided = new Set<number>();
  /** By attempt: intents logged, and answers that took one back. */
  const intents = new Map<number, number>();
  const sealed = new Map<number, number>();
  const count = (counts: Map<number, number>, attempt: number): void =>
    void counts.set(attempt, (counts.get(attempt) ?? 0) + 1);
  let opened = 0;
  let votes = 0;

  const heed = (command: NeedThreadCommand, now: NeedThreadContext, isDone: boolean): void => {
    switch (command.type) {
      case "openAttempt":
        opened += 1;
        expect(command.params.attempt, "attempts grow by one").toBe(opened);
        break;
      case "openPlanCommittee":
        votes += 1;
        expect(now.barred).not.toContain(command.params.candidate.worker);
        break;
      case "decide":
        expect(decided.has(command.params.attempt), "P1").toBe(false);
        decided.add(command.params.attempt);
        expect(now.barred).not.toContain(command.params.bid.worker);
        break;
      case "settle":
        expect(now.open, "P3: nothing settles while a challenge is open").toEqual([]);
        count(intents, command.params.attempt);
        expect(command.params.attempt, "an intent is about an attempt that is open").toBe(opened);
        expect(ended, "and has not ended").not.toContain(opened);
        break;
      case "logEnd": {
        const { body, verb } = command.params;
        ended.push(body.attempt);
        outcomes.add(body.outcome);
        if (verb === "FINALIZE") expect(body.votes?.length, "P6").toBeGreaterThan(0);
        expect(body.last, "the last end is the need's, and no other").toBe(isDone);
        break;
      }
      default:
    }
  };

  return {
    outcomes,
    see: (before: Place, taken: Taken, event: Event): void => {
      const now = contextOf(taken);
      const was = contextOf(before);
      const isSettling = stageOf(before.snapshot) === "settling";
      if (isSettling && event.type === "SETTLE_SEALED") count(sealed, was.attempt);
      expect(now.awards).toBeLessThanOrEqual(input.awardsMax);
      expect(now.failures).toBeLessThanOrEqual(input.failuresMax);
      expect(now.ordinal).toBeLessThanOrEqual(input.planCandidatesMax);
      const grown = now.attempt - was.attempt;
      expect([0, 1]).toContain(grown);
      if (grown === 1) expect(event.type, "the next attempt follows the posting").toBe("SETTLED");
      const isDone = taken.snapshot.status === "done";
      expect(isDone || taken.timers.size > 0, "there is always a deadline").toBe(true);
      for (const command of taken.commands) heed(command as NeedThreadCommand, now, isDone);
    },
    finish: (place: Place): void => {
      expect(place.snapshot.status, "it ends").toBe("done");
      const attempts = Array.from({ length: Math.max(1, opened) }, (_, i) => i + 1);
      expect(ended, "each attempt ends once").toEqual(attempts);
      expect(votes).toBeLessThanOrEqual(input.planCandidatesMax);
      for (let attempt = 1; attempt <= opened; attempt += 1)
        expect(intents.get(attempt), "E1: one intent, and one more for each seal").toBe(
          1 + (sealed.get(attempt) ?? 0),
        );
    },
    sealed: (): number => [...sealed.values()].reduce((sum, n) => sum + n, 0),
  };
};
