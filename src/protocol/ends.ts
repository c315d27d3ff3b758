/** Entries that end an attempt of a need. SETTLE has `last` too, and comes before one of them. */

import type { EndBody } from "./bodies.ts";

export const ENDS: ReadonlySet<string> = new Set([
  "FINALIZE",
  "REJECT",
  "RELEASE",
  "INVALIDATE",
  "CLOSE",
]);

/** Whether nothing follows it in the need's log. */
export const isLast = ({
  verb,
  body,
}: {
  readonly verb: string;
  readonly body: unknown;
}): boolean => ENDS.has(verb) && (body as EndBody).last;
