/** How a job learns that its needs have ended. */

import { bucketOf } from "#envelope/cid.ts";
import type { Ended, Requester } from "#agent/requester.ts";
import type { NeedStatus } from "#actors/queries.ts";
import { CliError } from "../errors.ts";
import type { RunningSwarm } from "./running-swarm.ts";

/** Open needs are asked for this often, ms, in case their ends were told to nobody. */
export const ASK_ENDS_MS = 2_000;
/** Of needs that were posted so long ago, ms: the end of the others is about to be heard. */
export const UNHEARD_MS = 5_000;

type Asked = Pick<RunningSwarm, "clock" | "query">;
type Hearing = Pick<Requester, "done" | "openNeeds" | "learn">;

/** What the leader of its bucket knows of a need. */
export const statusOf = (swarm: Asked, need: string): Promise<NeedStatus | undefined> =>
  swarm.query<NeedStatus>(bucketOf(need), "need", need);

/**
 * Until every need has ended. A notice is told once and may be lost with the thread that told it, or
 * come before anybody listened: what is still open is asked for, now and then.
 */
export const endsOf = async (swarm: Asked, heard: Hearing): Promise<void> => {
  let isDone = false;
  const done = heard.done().then(() => {
    isDone = true;
  });
  while (!isDone) {
    let cancel = (): void => undefined;
    const pause = new Promise<void>((resolve) => {
      cancel = swarm.clock.after(ASK_ENDS_MS, resolve);
    });
    await Promise.race([done, pause]);
    cancel();
    if (isDone) break;
    const open = heard.openNeeds(UNHEARD_MS);
    const found = await Promise.all(open.map((need) => endedAlready(swarm, need).catch(later)));
    for (const one of found) if (one !== undefined) heard.learn(one);
  }
};

/** Where nobody answers for a bucket it is asked again: the job waits for its needs, whatever fails. */
const later = (error: unknown): undefined => {
  if (error instanceof CliError && error.code === "CLUSTER_UNANSWERED") return undefined;
  throw error;
};

/** A need that ended in an earlier run of this command, or unheard in this one. */
export const endedAlready = async (swarm: Asked, need: string): Promise<Ended | undefined> => {
  const status = await statusOf(swarm, need);
  if (status?.ended === undefined) return undefined;
  const { outcome, attempts, worker, artifact } = status.ended;
  return {
    need,
    outcome,
    attempts,
    ...(worker === undefined ? {} : { worker }),
    ...(artifact === undefined ? {} : { artifact }),
  };
};
