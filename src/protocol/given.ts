/** Entries that a leader gives to its bucket's log, of which some are about a need. */

import type { EquivocationBody, ReconcileBody, RuleBody } from "./bodies.ts";
import type { NeedId } from "./words.ts";

export const needOfGiven = (verb: string, body: unknown): NeedId | undefined => {
  switch (verb) {
    case "RULE":
      return (body as RuleBody).need;
    case "RECONCILE":
      return (body as ReconcileBody).need;
    case "EQUIVOCATION":
      return (body as EquivocationBody).thread;
    default:
      return undefined;
  }
};
