/**
 * Names of actors and rows inside a bucket. One need's actors share its bucket, so its thread and log.
 * Those of several parts are joined: of a template each part and each sum of parts would be kept as a
 * string of its own for as long as the name is.
 */

import type { NeedId, Question } from "#protocol/words.ts";

export const LEDGER = "ledger";
export const REGISTRY = "registry";

export const needActor = (need: NeedId): string => `need:${need}`;
export const auctionActor = (need: NeedId, attempt: number): string =>
  ["auction", need, attempt].join(":");
export const committeeActor = (need: NeedId, attempt: number, question: Question): string =>
  ["committee", need, attempt, question].join(":");
export const leaseActor = (need: NeedId, attempt: number): string =>
  ["lease", need, attempt].join(":");
export const challengeActor = (need: NeedId, challenge: string): string =>
  ["challenge", need, challenge].join(":");

/** What a NEED asked, kept while the need lives. */
export const needRow = (need: NeedId): string => `spec:${need}`;
/** What a committee is about, kept while it sits. */
export const committeeRow = (actor: string): string => `about:${actor}`;
/** What the winner asked, kept while its attempt lives. */
export const priceRow = (lease: string): string => `price:${lease}`;
/** The signed CHALLENGE, which its bond carries. */
export const challengeRow = (challenge: string): string => `bonded:${challenge}`;
/** The plan of a need: admitted operations. */
export const planRow = (need: NeedId): string => `plan:${need}`;

/** `kind:need[:…]` back to the need. */
export const needOf = (actor: string): NeedId => {
  const from = actor.indexOf(":") + 1;
  if (from === 0) return "";
  const end = actor.indexOf(":", from);
  return end === -1 ? actor.slice(from) : actor.slice(from, end);
};
