/** What a need's actors know of it, read by admission and queries. */

import type { AuctionContext } from "#machines/auction/auction.machine.ts";
import type { Bid } from "#machines/auction/auction.events.ts";
import type {
  Committed,
  NeedThreadContext,
  SilentAttempt,
} from "#machines/need-thread/need-thread.context.ts";
import { stageOf as stageOfState } from "#machines/need-thread/need-thread.stage.ts";
import type { ChallengeBody } from "#protocol/bodies.ts";
import type { Did, LogMs } from "#protocol/words.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import { specOf } from "./market.ts";
import { needActor } from "./names.ts";

export interface AuctionView {
  readonly value: string;
  readonly context: AuctionContext;
}

interface ThreadView {
  readonly value: unknown;
  readonly context: NeedThreadContext;
}

const threadOf = (view: BucketView, need: string): ThreadView => {
  const state = view.state(needActor(need));
  if (state === undefined) throw new Error(`no thread of need ${need}`);
  return state as ThreadView;
};

/** Where a live need stands, by the name of protocol section 4. */
export const stageOf = (view: BucketView, need: string): string =>
  stageOfState(threadOf(view, need));

export const needAttempt = (view: BucketView, need: string): number =>
  threadOf(view, need).context.attempt;

export const barredOf = (view: BucketView, need: string): readonly Did[] =>
  threadOf(view, need).context.barred;

/**
 * An attempt that ended by this worker's silence, of which nothing has come since; undefined if it is none.
 * `isOver`: no attempt will follow.
 */
export const silentAttempt = (
  view: BucketView,
  need: string,
  { attempt, revision }: Pick<SilentAttempt, "attempt" | "revision">,
  worker: Did,
): { readonly isOver: boolean } | undefined => {
  const thread = view.state(needActor(need)) as ThreadView | undefined;
  if (thread === undefined) return undefined;
  const { silent, last, late } = thread.context;
  const isThere = silent.some(
    (one) => one.attempt === attempt && one.revision === revision && one.bid.worker === worker,
  );
  return isThere ? { isOver: last || late } : undefined;
};

export const commitOf = (view: BucketView, need: string): Committed | undefined =>
  threadOf(view, need).context.commit;

/** What the committee of the open attempt has found; undefined while it has not concluded. */
export const verdictOf = (view: BucketView, need: string): NeedThreadContext["verdict"] =>
  threadOf(view, need).context.verdict;

/** What this attempt has to contest: a result that stands, or its rejection. */
export const hasTarget = (
  view: BucketView,
  need: string,
  { attempt, target }: Pick<ChallengeBody, "attempt" | "target">,
): boolean => {
  const commit = commitOf(view, need);
  if (commit?.attempt !== attempt) return false;
  const isRejected = verdictOf(view, need) === "fail";
  if ("commit" in target) return target.commit === commit.commit && !isRejected;
  return target.rejection === attempt && isRejected;
};

export const bidOf = (auction: AuctionView, worker: Did): Bid | undefined =>
  auction.context.bids.find((bid) => bid.worker === worker);

/** T at which the need's time until COMMIT is over. */
export const needDeadlineMs = (view: BucketView, need: string): LogMs =>
  threadOf(view, need).context.fundedAtMs + specOf(view, need).body.deadlineMs;
