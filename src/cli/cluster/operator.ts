/**
 * The operator's voice in a cluster. His nonces are one row, so one process speaks at a time: the leader
 * of the system bucket. All others ask it.
 */

import { randomInt } from "node:crypto";
import type { Signer } from "#envelope/keys.ts";
import type { LabelAttestation } from "#protocol/bodies.ts";
import { CliError } from "../errors.ts";
import { OwnOperator, type Operator } from "../swarm/operator.ts";
import type { RunningSwarm } from "../swarm/running-swarm.ts";
import type { OperatorWord } from "./ask-messages.ts";

/**
 * Nonces that a new speaker leaves out, at most. What an earlier one said may still come; under the same
 * nonce it would be an equivocation of the operator (protocol section 3), below the window it is refused.
 */
export const SPEAKER_SKIP_MAX = 1_000_000;
/** More than the window of nonces is wide. */
export const SPEAKER_SKIP_MIN = 1_000;
/** How often a word is said anew because another speaker was heard meanwhile. */
const RESAYS_MAX = 5;

const isOutpaced = (error: unknown): boolean =>
  error instanceof CliError && error.code === "REFUSED" && error.message.includes("NONCE_OLD");

/** In each process that may come to lead the system bucket. */
export class Speaker {
  readonly #swarm: RunningSwarm;
  readonly #signer: Signer;
  #own: Promise<OwnOperator> | undefined;

  constructor(swarm: RunningSwarm, signer: Signer) {
    [this.#swarm, this.#signer] = [swarm, signer];
  }

  async say(word: OperatorWord): Promise<unknown> {
    for (let tries = 0; ; tries += 1) {
      const operator = await this.#operator();
      try {
        return await said(operator, word);
      } catch (error) {
        if (!isOutpaced(error) || tries === RESAYS_MAX) throw error;
        await this.close();
      }
    }
  }

  /** Another one speaks from now on, or this one begins anew. */
  async close(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    (await own?.catch(() => undefined))?.close();
  }

  #operator(): Promise<OwnOperator> {
    const skip = randomInt(SPEAKER_SKIP_MIN, SPEAKER_SKIP_MAX);
    const opening = (this.#own ??= OwnOperator.open(
      this.#swarm,
      this.#swarm.link(),
      this.#signer,
      skip,
    ));
    opening.catch(() => (this.#own = undefined));
    return opening;
  }
}

const said = (operator: Operator, word: OperatorWord): Promise<unknown> => {
  switch (word.do) {
    case "grant":
      return operator.grant(word.to, word.amount, word.key);
    case "grant-first":
      return operator.grantFirst(word.to, word.amount, word.key);
    case "pause":
      return operator.pause(word.who);
    case "resume":
      return operator.resumeWork(word.who);
    case "limit":
      return operator.limit(word.of, word.limits);
    case "attest":
      return operator.attest(word.member, word.label, word.value);
  }
};

/** Wherever it is asked from: `say` brings a word to the speaker and its answer back. */
export const askedOperator = (say: (word: OperatorWord) => Promise<unknown>): Operator => ({
  grant: async (to, amount, key) => void (await say({ do: "grant", to, amount, key })),
  grantFirst: async (to, amount, key) => void (await say({ do: "grant-first", to, amount, key })),
  pause: async (who) => Number(await say({ do: "pause", who })),
  resumeWork: async (who) => Number(await say({ do: "resume", who })),
  limit: async (of, limits) => void (await say({ do: "limit", of, limits })),
  attest: async (member, label, value) =>
    (await say({ do: "attest", member, label, value })) as LabelAttestation,
  close: () => undefined,
});
