/** How a job learns that its needs have ended. */

import { bucketOf } from "#envelope/cid.ts";
import type { Ended, Requester } from "#agent/requester.ts";
import type { NeedStatus } from "#actors/queries.ts";
import { CliError } from "../errors.ts";
import type { RunningSwarm } from "./running-swarm.ts";

/** Open needs are asked for this often, ms, in case their ends were told to nobody. */
export const ASK_ENDS_MS = 2_000;
/** So many at a time: on a slow swarm all are late, and to ask for all would slow it more. */
export const ASKED_TOGETHER_MAX = 128;
/** One that had not ended is not asked for again before so long, ms. */
export const ASK_AGAIN_MS = 10_000;
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
  const asking = new Asking(swarm, heard);
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
    asking.begin();
  }
};

/** Whoever has waited longest for being asked comes first; a question without an answer holds up no other. */
class Asking {
  readonly #swarm: Asked;
  readonly #heard: Hearing;
  /** Of open needs: when each was asked for last. */
  #askedMs = new Map<string, number>();
  readonly #unanswered = new Set<string>();
  #failure: { readonly error: unknown } | undefined;

  constructor(swarm: Asked, heard: Hearing) {
    this.#swarm = swarm;
    this.#heard = heard;
  }

  /** Throws what an earlier question failed of. */
  begin(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    const nowMs = this.#swarm.clock.monotonicMs();
    const open = this.#heard.openNeeds(UNHEARD_MS);
    const askedMs = new Map(open.map((need) => [need, this.#askedMs.get(need) ?? -Infinity]));
    this.#askedMs = askedMs;
    const lastMs = (need: string): number => askedMs.get(need) ?? -Infinity;
    const due = open
      .filter((need) => !this.#unanswered.has(need) && nowMs - lastMs(need) >= ASK_AGAIN_MS)
      .toSorted((one, other) =>
        lastMs(one) < lastMs(other) ? -1 : Number(lastMs(one) > lastMs(other)),
      )
      .slice(0, ASKED_TOGETHER_MAX - this.#unanswered.size);
    void this.#askFor(due, nowMs);
  }

  /** Where some had ended unheard, more may have: the next ones are asked for at once. */
  async #askFor(needs: readonly string[], nowMs: number): Promise<void> {
    const found = await Promise.all(needs.map((need) => this.#hasEnded(need, nowMs)));
    if (found.includes(true) && this.#failure === undefined) this.begin();
  }

  async #hasEnded(need: string, nowMs: number): Promise<boolean> {
    this.#unanswered.add(need);
    this.#askedMs.set(need, nowMs);
    try {
      const ended = await endedAlready(this.#swarm, need).catch(later);
      if (ended !== undefined) this.#heard.learn(ended);
      return ended !== undefined;
    } catch (error) {
      this.#failure ??= { error };
      return false;
    } finally {
      this.#unanswered.delete(need);
    }
  }
}

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
