/**
 * Agents of scenarios: they answer notices honestly at once, but for what the scenario says of them.
 * A habit is one word: `silent`, `refuses` and so on; see HABITS.
 */

import { encode } from "#envelope/canonical.ts";
import { cidOf, sha256 } from "#envelope/cid.ts";
import { sealedBidDigest, voteDigest } from "#protocol/digests.ts";
import type { Notice } from "#protocol/notices.ts";
import type { Verdict } from "#protocol/words.ts";
import type { World } from "../support/world.ts";

export const HABITS = {
  "no-bid": "does not answer calls for bids",
  passes: "answers that it does not bid",
  "no-claim": "wins and does not claim",
  "no-commit": "claims and falls silent",
  yields: "gives the lease back at once",
  wrong: "commits a wrong result",
  silent: "does not vote",
  "plans-only": "votes on plans and not on results",
  "no-reveal": "does not open what it hid",
  abstains: "votes abstain",
  lazy: "passes everything",
  harsh: "fails everything",
  "refuses-plans": "fails every plan",
} as const;
export type Habit = keyof typeof HABITS;

export interface Player {
  readonly name: string;
  readonly price: bigint;
  readonly habits: ReadonlySet<Habit>;
}

const salt = sha256(new TextEncoder().encode("salt"));
const output = (isWrong: boolean): unknown => ({ result: isWrong ? "wrong" : "right" });

/** Queue the answer of `player` to a notice; the runner lets the world settle. */
export const answer = (world: World, player: Player, notice: Notice): void => {
  const { name, habits } = player;
  const { need, attempt } = notice;
  const say = (...said: Parameters<World["sign"]>): void => world.send(world.sign(...said).wire);
  switch (notice.kind) {
    case "bid": {
      if (habits.has("no-bid")) return;
      if (habits.has("passes")) return say(name, "PROPOSE", { need, attempt, bid: { pass: true } });
      const bid = { price: player.price, etaMs: 1_000, patch: [] };
      if (notice.mode === "open")
        return say(name, "PROPOSE", { need, attempt, bid: { open: bid } });
      const sealed = sealedBidDigest(world.did(name), bid, salt);
      return say(name, "PROPOSE", { need, attempt, bid: { sealed } });
    }
    case "reveal-bid": {
      if (habits.has("no-reveal")) return;
      const bid = { price: player.price, etaMs: 1_000, patch: [] };
      const { proposal } = notice;
      return say(name, "REVEAL", { what: "bid", need, attempt, proposal, salt, bid });
    }
    case "award":
      if (habits.has("no-claim")) return;
      return say(name, "CLAIM", { need, attempt, ttlMs: 30_000 });
    case "work": {
      const { revision } = notice;
      if (habits.has("no-commit")) return;
      if (habits.has("yields"))
        return say(name, "YIELD", { need, attempt, revision, reason: "no" });
      const value = output(habits.has("wrong"));
      const artifact = cidOf(encode(value));
      return say(name, "COMMIT", { need, attempt, revision, artifact, output: value });
    }
    case "judge-plan": {
      const { proposal, seat } = notice;
      if (habits.has("silent")) return;
      const verdict: Verdict = habits.has("refuses-plans") ? "fail" : "pass";
      if (!notice.sealed)
        return say(name, "ATTEST_PLAN", {
          need,
          attempt,
          proposal,
          seat,
          verdict,
          policyDigest: "",
        });
      return hide(world, name, { need, attempt, seat }, "plan", proposal, verdict);
    }
    case "judge": {
      const { commit, seat } = notice;
      if (habits.has("silent") || habits.has("plans-only")) return;
      const verdict = verdictOf(habits, notice.output);
      if (!notice.sealed)
        return say(name, "ATTEST", { need, attempt, commit, seat, verdict, policyDigest: "" });
      return hide(world, name, { need, attempt, seat }, "result", commit, verdict);
    }
    case "reveal-vote": {
      if (habits.has("no-reveal")) return;
      const { question, seat } = notice;
      const verdict: Verdict = question === "plan" ? "pass" : verdictOf(habits, output(false));
      return say(name, "REVEAL", { what: "vote", need, attempt, question, seat, verdict, salt });
    }
    case "foretell":
    case "reveal-draw":
    case "stop":
    case "ended":
      return undefined;
    default:
      return notice satisfies never;
  }
};

const verdictOf = (habits: ReadonlySet<Habit>, judged: unknown): Verdict => {
  if (habits.has("abstains")) return "abstain";
  if (habits.has("lazy")) return "pass";
  if (habits.has("harsh")) return "fail";
  return (judged as { result?: string }).result === "right" ? "pass" : "fail";
};

const hide = (
  world: World,
  name: string,
  at: { need: string; attempt: number; seat: number },
  question: "plan" | "result",
  subject: string,
  verdict: Verdict,
): void => {
  const hash = voteDigest(subject, world.did(name), verdict, salt);
  world.send(world.sign(name, "VOTE", { ...at, question, subject, hash }).wire);
};
