import type { SeatFact } from "#domain/ledger/requests.ts";
import type { EnvelopeId, Question } from "#protocol/words.ts";

export type CommitteeCommand =
  /**
   * Draw `count` seats (at least `least`) for `round`, numbered from `firstSeat`; log DRAW asked, ask the
   * ledger where exposure is locked, log DRAW seated. Given again on retry: the same draw is resent.
   */
  | {
      readonly type: "draw";
      readonly params: {
        readonly round: number;
        readonly count: number;
        readonly least: number;
        readonly firstSeat: number;
      };
    }
  /** Tell the seats of this round (and, on `reveal`, those who hashed) what is asked. */
  | { readonly type: "callForVotes"; readonly params: { readonly round: number } }
  | { readonly type: "callForReveals" }
  /** Tell the need thread (or the challenge) the end of this question. */
  | {
      readonly type: "conclude";
      readonly params: {
        readonly question: Question;
        readonly result: "pass" | "fail" | "absent";
        readonly seats: readonly SeatFact[];
        readonly carried: readonly EnvelopeId[];
        /** Why nobody (more) could be drawn, where that ended it. */
        readonly reason?: string;
      };
    };
