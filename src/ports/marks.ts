/**
 * Marks: "this rare branch ran". A simulated run collects them, so that a sweep of seeds can say which
 * rare branches it never reached. Outside a simulation a mark costs one look at an empty variable.
 */

/** Every mark and the branch it stands in. A name that is nowhere marked, or marked twice, fails a test. */
export const MARKS = {
  "commit.after-unknown": "a write whose answer was unknown turned out to be committed",
  "commit.sent-again": "the same bytes were sent again after an unknown answer",
  "commit.refused": "the store refused a commit",
  "commit.silent": "the store gave no answer in time",
  "commit.stalled": "the tries after an unknown answer were used up",
  "commit.full": "a bucket took no turn because too much of it was unconfirmed",
  "store.damaged": "a record was damaged on the own disk and was asked for elsewhere",
  "store.brought-in-order":
    "a disk that lacked many records was given what the stream has in order",
  "store.void-dropped": "records that can never be committed were deleted",
  "host.backlog": "inputs waited behind a bucket that could not take them",
  "host.mailbox-full": "an envelope was refused for want of room",
  "host.crowded": "a need was not opened because much waited that was under way",
  "host.answer-dropped": "an answer came that nobody waited for",
  "host.rebuilt": "a bucket was built again from its log",
  "host.resumed": "a bucket that was led no more was led again with its state, all of it committed",
  "host.resumed-ahead": "the same, and what had been built on it was committed under the new epoch",
  "host.kept-in-vain": "a state that was kept for that was behind the log",
  "host.due-held": "a timer waited for commits before it",
  "host.gap": "a pause of the host was cut to the most that may pass between two ticks",
  "load.snapshot": "a bucket was loaded from a snapshot and the log after it",
  "load.wrote-meanwhile": "a write of an earlier life reached the store while the log was read",
  "load.same-epoch": "a bucket was loaded again under an epoch that had logged EPOCH",
  "supervision.restarted": "a dead thread's leaf was started again",
  "supervision.escalated": "a failure was given to the supervisor above",
  "leadership.session-lost": "a supervisor let everything go because its session was not kept",
  "leadership.not-joined": "the store refused a session, and somebody was told",
  "leadership.other-build":
    "a supervisor ended its session because one of another build was there before",
  "leadership.log-missing": "a bucket was given up because its chain was nowhere",
  "leadership.forgotten-key": "a key of ours was found that we do not lead under",
  "leadership.key-gone": "a bucket that was led here was not ours any more in the consensus store",
  "leadership.handed-over": "buckets were handed to whoever should lead them",
  "leadership.laid-down": "a supervisor that the bus did not reach laid down what others can lead",
  "leadership.came-back": "a bucket that was handed over could not be led there",
  "envelope.repeated": "the same envelope came again and got its earlier answer",
  "envelope.refused-again": "an envelope that was refused for good came again",
  "envelope.nonce-old": "a nonce below the window was refused",
  "envelope.equivocation": "two ids for one nonce were seen",
  "late.merged": "an answer that was signed while its sender was cut off took effect",
  "late.orphaned":
    "the COMMIT of a lease that had ended by silence came when no attempt could follow",
  "late.salvaged": "the worker of such a lease became an alternate of the next attempt",
  "ask.repeated": "a question came again and was answered from what is kept",
  "ask.stale": "a question below the asker's floor was ignored",
  "ask.resent": "a question that nobody had answered was asked again",
} as const;

export type Mark = keyof typeof MARKS;

let collected: Set<Mark> | undefined;

export const mark = (name: Mark): void => {
  collected?.add(name);
};

/** From now on marks are collected; returns what gives those of this run and ends the collection. */
export const collectMarks = (): (() => readonly Mark[]) => {
  const own = new Set<Mark>();
  collected = own;
  return () => {
    if (collected === own) collected = undefined;
    return [...own].sort();
  };
};
