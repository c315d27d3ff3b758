/**
 * Names of actors and rows inside a bucket. One need's actors share its bucket, so its thread and log.
 * Those of several parts are joined: of a template each part and each sum of parts would be kept as a
 * string of its own for as long as the name is.
 */

import type { NeedId, Question } from "#protocol/words.ts";

export const LEDGER = "ledger";
export const REGISTRY = "registry";

/** Names of each kind that are remembered: four times as many as one host usually has needs open. */
const SLOTS = 2_048;

/**
 * The same string for the same parts while few others are asked for between: a name that is made anew has to
 * be hashed and compared letter by letter by each map that it is looked up in, and a life asks for the same
 * ones a hundred times. What is remembered never shows: a name depends on its parts alone.
 */
const remembered = (
  make: (text: string, attempt: number) => string,
): ((text: string, attempt?: number) => string) => {
  const texts = new Array<string>(SLOTS).fill("");
  const attempts = new Array<number>(SLOTS).fill(-1);
  const names = new Array<string>(SLOTS).fill("");
  return (text, attempt = 0) => {
    const slot = slotOf(text);
    if (attempts[slot] === attempt && texts[slot] === text) return names[slot] ?? "";
    const name = make(text, attempt);
    texts[slot] = text;
    attempts[slot] = attempt;
    names[slot] = name;
    return name;
  };
};

/** By three letters in the middle: in a name of an actor as in an id itself they are letters of the id. */
const slotOf = (text: string): number => {
  const at = text.length >>> 1;
  const letters =
    text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 4) ^ (text.charCodeAt(at + 2) << 8);
  return letters & (SLOTS - 1);
};

const behind = (kind: string): ((text: string) => string) =>
  remembered((text) => [kind, text].join(":"));
const ofAttempt = (kind: string): ((need: NeedId, attempt: number) => string) =>
  remembered((need, attempt) => [kind, need, attempt].join(":"));
const committee = (question: Question): ((need: NeedId, attempt: number) => string) =>
  remembered((need, attempt) => ["committee", need, attempt, question].join(":"));

export const needActor: (need: NeedId) => string = behind("need");
export const auctionActor: (need: NeedId, attempt: number) => string = ofAttempt("auction");
export const leaseActor: (need: NeedId, attempt: number) => string = ofAttempt("lease");
const committees: Readonly<Record<Question, (need: NeedId, attempt: number) => string>> = {
  plan: committee("plan"),
  result: committee("result"),
  challenge: committee("challenge"),
};
export const committeeActor = (need: NeedId, attempt: number, question: Question): string =>
  committees[question](need, attempt);
export const challengeActor = (need: NeedId, challenge: string): string =>
  ["challenge", need, challenge].join(":");

/** What a NEED asked, kept while the need lives. */
export const needRow: (need: NeedId) => string = behind("spec");
/** What a committee is about, kept while it sits. */
export const committeeRow: (actor: string) => string = behind("about");
/** What the winner asked, kept while its attempt lives. */
export const priceRow: (lease: string) => string = behind("price");
/** The signed CHALLENGE, which its bond carries. */
export const challengeRow = (challenge: string): string => `bonded:${challenge}`;
/** The plan of a need: admitted operations. */
export const planRow: (need: NeedId) => string = behind("plan");

/** `kind:need[:…]` back to the need. */
export const needOf: (actor: string) => NeedId = remembered((actor) => {
  const from = actor.indexOf(":") + 1;
  if (from === 0) return "";
  const end = actor.indexOf(":", from);
  return end === -1 ? actor.slice(from) : actor.slice(from, end);
});
