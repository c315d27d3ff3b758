/** A need thread driven by hand, and the words that lead it along. */
import type { NeedThreadCommand } from "#machines/need-thread/need-thread.commands.ts";
import type { NeedThreadContext } from "#machines/need-thread/need-thread.context.ts";
import type { NeedThreadEvent, NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import { needThreadMachine } from "#machines/need-thread/need-thread.machine.ts";
import { stageOf } from "#machines/need-thread/need-thread.stage.ts";
import { drive } from "./driver.ts";
import { concluded, needInput, ranked } from "./subjects.ts";

export const thread = (input: Partial<NeedThreadInput> = {}) => {
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

export const bids = (...workers: string[]): NeedThreadEvent => ({
  type: "RANKED",
  bids: workers.map(ranked),
  barred: [],
});
export const FUNDED: NeedThreadEvent = { type: "FUNDED", atMs: 100 };
export const APPROVED = concluded("plan", "pass", "pass");
export const REFUSED = concluded("plan", "fail", "fail");
export const PASSED = concluded("result", "pass", "pass", "pass", "pending");
export const FAILED = concluded("result", "fail", "fail", "pass", "fail");
export const LEASED: NeedThreadEvent = { type: "LEASED", revision: 7, atMs: 200, ttlMs: 30_000 };
export const COMMITTED: NeedThreadEvent = {
  type: "COMMITTED",
  commit: "commit",
  artifact: "artifact",
  elapsedMs: 300,
};
export const SETTLED: NeedThreadEvent = { type: "SETTLED", sequence: 9, moves: [] };
export const ruling = (upheld: boolean, challenge = "c1"): NeedThreadEvent => ({
  type: "CHALLENGE_RULED",
  atMs: 9,
  challenge,
  upheld,
});
export const CHALLENGED: NeedThreadEvent = { type: "CHALLENGED", atMs: 9, challenge: "c1" };

export const toAwarded: NeedThreadEvent[] = [
  FUNDED,
  bids("w1", "w2"),
  APPROVED,
  { type: "DECIDED" },
];
export const toLeased = [...toAwarded, LEASED];
export const toVerifying = [...toLeased, COMMITTED];
export const again: NeedThreadEvent[] = [APPROVED, { type: "DECIDED" }, LEASED, COMMITTED];
