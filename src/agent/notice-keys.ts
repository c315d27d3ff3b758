/** Notices by what they ask: one that was answered is known again, as is the envelope that answered it. */

import type { Bodies } from "#protocol/bodies.ts";
import type { Notice } from "#protocol/notices.ts";
import type { Question } from "#protocol/words.ts";
import type { Left } from "./outbox.ts";

/** Joined: of a template every part would be kept for as long as the key. */
export const keyOf = (notice: Notice): string | undefined => {
  const { kind, need, attempt } = notice;
  switch (kind) {
    case "bid":
    case "award":
      return [kind, need, attempt].join("/");
    case "reveal-bid":
      return [kind, need, attempt, notice.proposal].join("/");
    case "work":
      return [kind, need, attempt, notice.revision].join("/");
    case "judge-plan":
      return [kind, need, attempt, notice.proposal, notice.seat].join("/");
    case "judge":
      return [kind, need, attempt, notice.commit, notice.seat].join("/");
    case "reveal-vote":
      return [kind, seatKey(notice)].join("/");
    case "foretell":
    case "stop":
    case "reveal-draw":
    case "ended":
      return undefined;
    default:
      return notice satisfies never;
  }
};

/** The key of the notice that this envelope answers. */
export const answerKeyOf = ({ verb, body }: Left): string | undefined => {
  switch (verb) {
    case "COMMIT": {
      const { need, attempt, revision } = body as Bodies["COMMIT"];
      return ["work", need, attempt, revision].join("/");
    }
    case "ATTEST": {
      const { need, attempt, commit, seat } = body as Bodies["ATTEST"];
      return ["judge", need, attempt, commit, seat].join("/");
    }
    case "ATTEST_PLAN": {
      const { need, attempt, proposal, seat } = body as Bodies["ATTEST_PLAN"];
      return ["judge-plan", need, attempt, proposal, seat].join("/");
    }
    default:
      return undefined;
  }
};

export const seatKey = (seat: {
  readonly need: string;
  readonly attempt: number;
  readonly question: Question;
  readonly seat: number;
}): string => [seat.need, seat.attempt, seat.question, seat.seat].join("/");
