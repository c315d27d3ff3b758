/**
 * Questions at the door of a cluster, signed anew each time they are asked: an answer may be lost, and
 * whoever led the bucket may lead no more.
 */

import type { Signer } from "#envelope/keys.ts";
import { answerSubject, doorSubject, type Bus } from "#ports/bus.ts";
import type { Clock } from "#ports/clock.ts";
import {
  decodeDoorAnswer,
  doorOf,
  encodeAsked,
  type Ask,
  type DoorAnswer,
} from "#protocol/door.ts";
import { apiError, ApiError } from "../http/api.ts";

/** First and longest wait for an answer before the question is asked again, ms; doubled each time. */
export const ASK_AGAIN_MS_MIN = 500;
export const ASK_AGAIN_MS_MAX = 4_000;
/** Without an answer for so long it is given up, ms: longer than a bucket is without a leader. */
export const ANSWER_MS_MAX = 30_000;
const SECOND_MS = 1_000;
/** Refusals after which the same question may do better. */
const PASSING = ["BUSY"];

export interface DoorAsksOptions {
  readonly bus: Bus;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Nobody else who asks under the same key has it. */
  readonly name: string;
  /** Both as they are told where nobody answers: a wrong name looks like nobody. */
  readonly servers: string;
  readonly cluster: string;
}

export class DoorAsks {
  readonly #o: DoorAsksOptions;
  readonly #waiting = new Map<string, (answer: DoorAnswer) => void>();
  readonly #stop: () => void;
  #count = 0;

  constructor(options: DoorAsksOptions) {
    this.#o = options;
    const { bus, signer } = options;
    this.#stop = bus.subscribe(answerSubject(signer.did), (bytes) => {
      const answer = decodeDoorAnswer(bytes);
      this.#waiting.get(answer.id)?.(answer);
    });
  }

  /** Refuses with an ApiError: what the door says, or SWARM_UNREACHABLE. */
  async ask<T>(ask: Ask): Promise<T> {
    const { clock } = this.#o;
    const endMs = clock.monotonicMs() + ANSWER_MS_MAX;
    let waitMs = ASK_AGAIN_MS_MIN;
    for (;;) {
      const answer = await this.#askOnce(ask, waitMs);
      if (answer !== undefined && "ok" in answer) return answer.ok as T;
      if (answer !== undefined && !PASSING.includes(answer.code)) throw refused(answer);
      if (clock.monotonicMs() > endMs) throw this.#unanswered(answer?.code);
      if (answer !== undefined) await this.#pause(waitMs);
      waitMs = Math.min(waitMs * 2, ASK_AGAIN_MS_MAX);
    }
  }

  close(): void {
    this.#stop();
  }

  /** Undefined: no answer in time. */
  #askOnce(ask: Ask, waitMs: number): Promise<DoorAnswer | undefined> {
    const { bus, signer, clock, name } = this.#o;
    const id = `${name}-${(this.#count += 1)}`;
    return new Promise((resolve) => {
      const ended = (answer: DoorAnswer | undefined): void => {
        this.#waiting.delete(id);
        cancel();
        resolve(answer);
      };
      const cancel = clock.after(waitMs, () => ended(undefined));
      this.#waiting.set(id, ended);
      const asked = { from: signer.did, id, timeMs: clock.wallMs(), ask };
      bus.publish(doorSubject(doorOf(ask)), encodeAsked(asked, signer));
    });
  }

  #unanswered(code = `nothing within ${ANSWER_MS_MAX / SECOND_MS} s`): ApiError {
    const { servers, cluster } = this.#o;
    const url = `${servers} for the cluster ${cluster}`;
    return apiError("SWARM_UNREACHABLE", { url, reason: code });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#o.clock.after(ms, resolve));
  }
}

const refused = ({ code, detail }: Extract<DoorAnswer, { readonly code: string }>): ApiError =>
  new ApiError({ code, message: detail, remedy: "see docs/agents/nats.md" }, 0);
