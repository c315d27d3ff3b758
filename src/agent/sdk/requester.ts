/** For whoever has work: needs are posted to a supervisor and waited for. Keys make every call repeatable. */

import { setTimeout as wait } from "node:timers/promises";
import { isLast } from "#protocol/ends.ts";
import { Api, ApiError } from "../http/api.ts";
import { eventsOf } from "../http/event-stream.ts";

/** Tries of one post while the supervisor says "later" or does not answer. */
export const POST_TRIES_MAX = 60;
/** Wait where the supervisor names none, ms. */
const AGAIN_MS = 1_000;
/** Before a stream that was cut is opened again, ms. */
const RESUME_MS = 200;

export interface NeedRequest {
  /** The caller's own name for it: posted again under the same key it is the same need. */
  readonly key: string;
  readonly capability: string;
  readonly input: unknown;
  /** Decimal credits. */
  readonly bounty: string;
  readonly verifyBounty: string;
  readonly tier?: "small" | "medium" | "high";
  readonly kPlan?: number;
  readonly kResult?: number;
  readonly deadlineMs?: number;
}

export interface NeedResult {
  readonly need: string;
  /** `finalized`, or why it ended otherwise. */
  readonly outcome: string;
  readonly attempts: number;
  readonly worker?: string;
  readonly artifact?: string;
  /** Of a finalized one. */
  readonly output?: unknown;
}

export interface PostedNeed {
  readonly need: string;
  /** Logged and durable already; otherwise the supervisor goes on sending it. */
  readonly isLogged: boolean;
}

export interface RequesterOptions {
  readonly url: string;
  /** Of an account, or the operator's. */
  readonly token: string;
}

export interface NeedEvent {
  readonly position: number;
  readonly atMs: number;
  readonly verb: string;
  readonly by?: string;
  readonly body: unknown;
}

export interface RequesterFace {
  /** Refuses with an ApiError. */
  post(need: NeedRequest): Promise<PostedNeed>;
  /** Until it has ended. Refuses with an ApiError. */
  result(need: string, onEvent?: (event: NeedEvent) => void): Promise<NeedResult>;
  /** Both. */
  run(need: NeedRequest): Promise<NeedResult>;
}

export const createRequester = ({ url, token }: RequesterOptions): RequesterFace => {
  const api = new Api(url, token);
  const post = async (need: NeedRequest): Promise<PostedNeed> => {
    for (let tries = 1; ; tries += 1) {
      const posted = await unlessPassing(() => api.post<PostedNeed>("/v1/needs", need));
      if (!(posted instanceof ApiError) && (posted.isLogged || tries >= POST_TRIES_MAX))
        return posted;
      if (posted instanceof ApiError && tries >= POST_TRIES_MAX) throw posted;
      await wait((posted instanceof ApiError ? posted.retryAfterMs : undefined) ?? AGAIN_MS);
    }
  };
  const look = (need: string): Promise<Standing> => api.get<Standing>(`/v1/needs/${need}`);
  const result = async (
    need: string,
    onEvent?: (event: NeedEvent) => void,
  ): Promise<NeedResult> => {
    let seen = -1;
    let hasEnded = false;
    const follow = async (): Promise<void> => {
      const headers = { "last-event-id": String(seen) };
      const { signal } = new AbortController();
      const stream = await api.stream(`/v1/needs/${need}/events`, headers, signal);
      for await (const { data } of eventsOf(stream, () => undefined)) {
        const event = JSON.parse(data) as NeedEvent;
        seen = event.position;
        hasEnded ||= isLast(event);
        onEvent?.(event);
      }
    };
    for (;;) {
      // Without a listener the stream only saves asking again and again: its end is the need's end.
      const before = onEvent === undefined ? await unlessPassing(() => look(need)) : undefined;
      if (isEnd(before)) return before;
      await unlessPassing(follow);
      // A listener is told everything: a stream that was cut is resumed, though the need may have ended.
      if (onEvent !== undefined && !hasEnded) {
        await wait(RESUME_MS);
        continue;
      }
      const after = await unlessPassing(() => look(need));
      if (isEnd(after)) return after;
      await wait(AGAIN_MS);
    }
  };
  return { post, result, run: async (need) => result((await post(need)).need) };
};

type Standing = Partial<NeedResult> & { readonly need: string };

const isEnd = (answer: Standing | ApiError | undefined): answer is NeedResult =>
  answer !== undefined && !(answer instanceof ApiError) && answer.outcome !== undefined;

/** An error that another try may mend is a value; others are thrown. */
const unlessPassing = async <T>(ask: () => Promise<T>): Promise<T | ApiError> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && !error.isPassing) throw error;
    if (error instanceof ApiError) return error;
    // A stream that was cut: whatever fetch says of it, asking again is right.
    return new ApiError({ ...CUT, message: String(error) }, 0);
  }
};

const CUT = { code: "SWARM_UNREACHABLE", remedy: "ask again" } as const;
