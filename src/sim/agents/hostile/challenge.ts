/**
 * Challenges what it knows to be wrong, and at times what was right, what never was, with too little at
 * stake, twice, and too late.
 */

import { blockOf, isAck } from "#agent/client.ts";
import type { ChallengeBody } from "#protocol/bodies.ts";
import type { Receipt } from "#protocol/notices.ts";
import { squareOf } from "../program.ts";
import { nobodysId } from "./lies.ts";
import type { HeardCommit, HeardNeed } from "../rumours.ts";
import type { Hearing, VillainContext } from "./villain.ts";

/** The window is short and nobody tells when it opens: it knocks so often, so many ms apart. */
const KNOCK_MS = 120;
const KNOCKS_MAX = 40;
/** What it is told as long as the window may still open. */
const NOT_YET = "verifying";
/** Of right results it challenges so many, of wrong ones nearly all, parts per million. */
const FRIVOLOUS_PPM = 250_000;
const RIGHTEOUS_PPM = 900_000;
/** Challenges of one life. */
export const CHALLENGES_MAX = 12;

const WAYS = { plain: 10, twice: 3, small: 2, nobodys: 2, late: 2, rejection: 2, huge: 1 } as const;
export type ChallengeWay = keyof typeof WAYS;
const LATE_MS = 8_000;

export const isWrong = ({ body }: HeardNeed, { output }: HeardCommit): boolean =>
  body !== undefined && "value" in body.input && output !== squareOf(body.input.value);

export const challenge = (villain: VillainContext): Hearing => {
  const { chance, client, machine, rumours, operator } = villain;
  let left = CHALLENGES_MAX;
  /** What was refused stays refused, so each knock is said anew. */
  const knock = (
    body: ChallengeBody,
    tries: number,
    admitted: (challenge: string) => void,
  ): void => {
    for (const prepared of client.prepare("CHALLENGE", body.need, [body]))
      void client.send(prepared).then((receipt: Receipt) => {
        if (isAck(receipt)) admitted(prepared.id);
        else if (receipt.detail === NOT_YET && tries < KNOCKS_MAX)
          machine.after(KNOCK_MS, () => knock(body, tries + 1, admitted));
      });
  };
  const { life } = machine;
  const stop = rumours.onCommit((need, commit) => {
    // It died since: its next life listens for itself.
    if (machine.life !== life) {
      stop();
      return;
    }
    const isRight = isWrong(need, commit);
    if (left <= 0 || !chance.chance(isRight ? RIGHTEOUS_PPM : FRIVOLOUS_PPM)) return;
    left -= 1;
    const way = chance.weighted(WAYS);
    const bodies = bodiesFor(way, villain, need, commit);
    for (const body of bodies)
      machine.after(way === "late" ? LATE_MS : 0, () =>
        knock(body, 0, (id) => operator.challenged(need.need, commit.attempt, id, isRight)),
      );
    // The operator may be asked about what nobody challenged.
    if (way === "nobodys") operator.rule(need.need, commit.attempt, nobodysId(chance), true);
  });
  return () => false;
};

const bodiesFor = (
  way: ChallengeWay,
  { chance }: VillainContext,
  { need, body }: HeardNeed,
  { attempt, commit }: HeardCommit,
): readonly ChallengeBody[] => {
  const bounty = body?.bounty ?? 0n;
  const plain: ChallengeBody = {
    need,
    attempt,
    target: { commit },
    proof: "output_mismatch",
    evidence: blockOf("evidence").cid,
    // Twice the largest share of a tier is enough for any.
    bond: bounty + 1n,
  };
  switch (way) {
    case "plain":
    case "late":
      return [plain];
    case "twice":
      return [plain, { ...plain, proof: "policy_breach" }];
    case "small":
      return [{ ...plain, bond: 1n }];
    case "nobodys":
      return [
        { ...plain, target: { commit: nobodysId(chance) } },
        { ...plain, attempt: 7 },
      ];
    case "rejection":
      return [{ ...plain, target: { rejection: attempt } }];
    case "huge":
      return [{ ...plain, bond: 2n ** 62n }];
    default:
      return way satisfies never;
  }
};
