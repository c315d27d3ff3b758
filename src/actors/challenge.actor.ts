/**
 * The challenge actor: holds the bond, waits for a ruling, ends the bond (P3). Until the challenge
 * protocol's committees come, an operator rules; an unanswered challenge is rejected in the end.
 */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { LedgerAnswer, LedgerRequest } from "#domain/ledger/requests.ts";
import { challengeMachine } from "#machines/challenge/challenge.machine.ts";
import type { ChallengeCommand } from "#machines/challenge/challenge.commands.ts";
import type { ChallengeEvent, ChallengeInput } from "#machines/challenge/challenge.events.ts";
import {
  defineActor,
  HaltBucket,
  type ActorKind,
  type ActorRef,
  type Turn,
} from "#runtime/bucket/application.ts";
import { logicOf } from "#runtime/logic/xstate.ts";
import type { Letter } from "./letters.ts";
import { pinnedDirectory, type Market } from "./market.ts";
import { challengeActor, challengeRow, needOf } from "./names.ts";
import { hasTarget } from "./stage.ts";
import { tellChallenge, tellNeed } from "./tell.ts";

export const openChallenge = (
  turn: Turn,
  need: string,
  attempt: number,
  challenge: string,
  { parameters }: Market,
): void => {
  const letter = turn.row(challengeRow(challenge)) as Letter;
  const input: ChallengeInput = {
    attempt,
    challenge,
    challenger: letter.challenger,
    bonded: letter.bonded,
    moot: letter.body.attempt !== attempt || !hasTarget(turn, need, letter.body),
    askRetryMs: parameters.askRetryMs,
    ruleMs: parameters.ruleMs,
  };
  turn.spawn("challenge", challengeActor(need, challenge), input);
};

const challengeOf = (actor: ActorRef): string => actor.id.split(":")[2] ?? "";
const attemptOf = (actor: ActorRef): number =>
  (actor.state as { context: { attempt: number } }).context.attempt;

export const challengeActorKind = (_market: Market): ActorKind =>
  defineActor<unknown, ChallengeEvent, ChallengeInput, ChallengeCommand>({
    kind: "challenge",
    logic: logicOf<ChallengeEvent, ChallengeInput, ChallengeCommand>(challengeMachine),
    handlers: {
      requestBond: (_params, actor, turn) => {
        const challenge = challengeOf(actor);
        const { challenger, body, wire } = turn.row(challengeRow(challenge)) as Letter;
        const request: LedgerRequest = {
          kind: "challenge",
          need: needOf(actor.id),
          attempt: attemptOf(actor),
          challenger,
          entity: pinnedDirectory(turn)?.rows.get(challenger)?.org ?? challenger,
          challenge,
          envelope: wire,
          amount: body.bond,
        };
        turn.ask(actor.id, "challenge", SYSTEM_BUCKET, request);
      },
      resend: ({ name }, actor, turn) => turn.resend(actor.id, name),
      resolveBond: ({ upheld }, actor, turn) => {
        const request: LedgerRequest = {
          kind: "resolve",
          need: needOf(actor.id),
          attempt: attemptOf(actor),
          challenge: challengeOf(actor),
          upheld,
          judges: [],
        };
        turn.ask(actor.id, "resolve", SYSTEM_BUCKET, request);
      },
      report: ({ what }, actor, turn) => report(what, actor, turn),
    },
    answered: (name, plain, actor, turn) => {
      const answer = plain as LedgerAnswer;
      if (name === "resolve") {
        if (answer.kind !== "resolved")
          throw new HaltBucket(`the ledger answered ${answer.kind} to the ruling of ${actor.id}`);
        tellChallenge(turn, actor.id, { type: "RESOLVED" });
      } else if (answer.kind === "held") tellChallenge(turn, actor.id, { type: "BONDED" });
      else {
        const code = answer.kind === "refused" ? answer.code : "SEALED";
        turn.refuse(challengeOf(actor), { code });
        tellChallenge(turn, actor.id, { type: "BOND_REFUSED" });
      }
    },
  });

const report = (
  what: "opened" | "refused" | "upheld" | "rejected",
  actor: ActorRef,
  turn: Turn,
): void => {
  const challenge = challengeOf(actor);
  const need = needOf(actor.id);
  if (what === "opened") {
    turn.acknowledge(challenge); // after the ledger's hold
    tellNeed(turn, need, { type: "CHALLENGE_OPENED", challenge });
    return;
  }
  turn.drop(challengeRow(challenge));
  const { atMs } = turn;
  if (what === "refused") tellNeed(turn, need, { type: "CHALLENGE_REFUSED", atMs, challenge });
  else
    tellNeed(turn, need, { type: "CHALLENGE_RULED", atMs, challenge, upheld: what === "upheld" });
};
