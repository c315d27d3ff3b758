/** How long a program may work on one need before somebody else gets a try. */

/** The longest a program may work on one call, milliseconds. */
export const CALL_MS_MAX = 60_000;
/** The shortest time that a call gets, milliseconds: a program must be able to start. */
export const CALL_MS_MIN = 1_000;
/** Of what remains until the need's deadline, a call may take this part: as much is left for the next. */
export const REST_SHARE = 0.5;
/** A worker that says honestly how long it takes may take so many times that, the deadline permitting. */
export const ETA_SLACK = 2;

export interface WorkTime {
  /** Until the need's deadline, milliseconds, at the start of the call. */
  readonly restMs: number;
  /** What the worker's bid promised. */
  readonly etaMs: number;
}

/** Milliseconds of one work call; a call that takes longer has failed and its lease is yielded. */
export const workMs = ({ restMs, etaMs }: WorkTime): number => {
  const promised = Math.min(restMs, etaMs * ETA_SLACK);
  const share = Math.max(CALL_MS_MIN, restMs * REST_SHARE, promised);
  return Math.min(CALL_MS_MAX, Math.ceil(share));
};
