/** Notices by what they ask: one that was answered is known again, as is the envelope that answered it. */

import type { Bodies } from "#protocol/bodies.ts";
import type { Notice } from "#protocol/notices.ts";
import type { Question } from "#protocol/words.ts";
import type { Left } from "./outbox.ts";

/** Within its need. Joined: of a template every part would be kept for as long as the key. */
export const keyOf = (notice: Notice): string | undefined => {
  const { kind, attempt } = notice;
  switch (kind) {
    case "bid":
    case "award":
      return [kind, attempt].join("/");
    case "reveal-bid":
      return [kind, attempt, notice.proposal].join("/");
    case "work":
      return [kind, attempt, notice.revision].join("/");
    case "judge-plan":
      return [kind, attempt, notice.proposal, notice.seat].join("/");
    case "judge":
      return [kind, attempt, notice.commit, notice.seat].join("/");
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

/** The key of the notice that this envelope answers, within the need whose thread it is in. */
export const answerKeyOf = ({ verb, body }: Left): string | undefined => {
  switch (verb) {
    case "COMMIT": {
      const { attempt, revision } = body as Bodies["COMMIT"];
      return ["work", attempt, revision].join("/");
    }
    case "ATTEST": {
      const { attempt, commit, seat } = body as Bodies["ATTEST"];
      return ["judge", attempt, commit, seat].join("/");
    }
    case "ATTEST_PLAN": {
      const { attempt, proposal, seat } = body as Bodies["ATTEST_PLAN"];
      return ["judge-plan", attempt, proposal, seat].join("/");
    }
    default:
      return undefined;
  }
};

/** Within its need. */
export const seatKey = (seat: {
  readonly attempt: number;
  readonly question: Question;
  readonly seat: number;
}): string => [seat.attempt, seat.question, seat.seat].join("/");
