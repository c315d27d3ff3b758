/**
 * Remembered answers: a request is answered once under its id, refusals included, so that asking
 * again is always safe (protocol section 7).
 *
 * A1  The same id gets the first answer, or none while that waits in the seats queue.
 * A2  A request below its bucket's floor is ignored: its asker has logged an answer to it.
 * A3  What lies below the floor is forgotten. It is swept when a bucket's answers have doubled, so
 *     a sweep costs a constant on average; whether it was swept can never be seen from outside.
 */

import type { NeedId } from "#protocol/words.ts";
import { ANSWERS_SLACK } from "./limits.ts";
import type { LedgerAnswer } from "./requests.ts";
import type {
  BucketAnswers,
  KeptAnswer,
  LedgerState,
  Posted,
  RequestId,
  Waiting,
} from "./state.ts";

const keyIn = (id: RequestId): string => `${id.position}/${id.index}`;

export const requestKey = (id: RequestId): string => `${id.bucket}/${id.position}/${id.index}`;

const bucketOf = (state: LedgerState, bucket: number): BucketAnswers => {
  const existing = state.answers.get(bucket);
  if (existing !== undefined) return existing;
  const created: BucketAnswers = { floor: 0, sweepAt: ANSWERS_SLACK, kept: new Map() };
  state.answers.set(bucket, created);
  return created;
};

export const isBelowFloor = (state: LedgerState, id: RequestId): boolean =>
  id.position < (state.answers.get(id.bucket)?.floor ?? 0);

export const keptAnswer = (state: LedgerState, id: RequestId): KeptAnswer | undefined =>
  state.answers.get(id.bucket)?.kept.get(keyIn(id));

/**
 * What was posted for a need that has ended, until its asker has logged the last answer: from then on it is
 * as unknown as one that never was, whether it has been swept or not (A3).
 */
export const endedPostings = (state: LedgerState, need: NeedId): readonly Posted[] | undefined => {
  const ended = state.endedPostings.get(need);
  if (ended === undefined) return undefined;
  const floor = state.answers.get(ended.bucket)?.floor ?? 0;
  return ended.position < floor ? undefined : ended.postings;
};

const forgetEnd = (state: LedgerState, need: NeedId, bucket: number, position: number): void => {
  const ended = state.endedPostings.get(need);
  if (ended?.bucket === bucket && ended.position === position) state.endedPostings.delete(need);
};

/** Remembers an answer, or (undefined) that the request waits. */
export const keepAnswer = (
  state: LedgerState,
  id: RequestId,
  answer: LedgerAnswer | undefined,
  ended?: NeedId,
): void => {
  bucketOf(state, id.bucket).kept.set(keyIn(id), { position: id.position, answer, ended });
};

/** The answer of a request that has waited. */
export const fillAnswer = (state: LedgerState, id: RequestId, answer: LedgerAnswer): void => {
  const kept = keptAnswer(state, id);
  if (kept !== undefined) kept.answer = answer;
};

/** The asker has logged all answers below `floor`. Floors only rise. `drop` leaves the queue. */
export const raiseFloor = (
  state: LedgerState,
  bucket: number,
  floor: number,
  drop: (waiting: Waiting) => void,
): void => {
  const answers = bucketOf(state, bucket);
  if (floor > answers.floor) answers.floor = floor;
  if (answers.kept.size < answers.sweepAt) return;
  for (const [key, kept] of answers.kept) {
    if (kept.position >= answers.floor) continue;
    answers.kept.delete(key);
    if (kept.ended !== undefined) forgetEnd(state, kept.ended, bucket, kept.position);
    if (kept.answer !== undefined) continue;
    const waiting = state.queue.get(`${bucket}/${key}`);
    if (waiting !== undefined) drop(waiting);
  }
  answers.sweepAt = ANSWERS_SLACK + 2 * answers.kept.size;
};
