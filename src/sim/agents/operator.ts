/** The operator's word on challenges: mostly right and in time, now and then late, twice or never. */

import { bucketOf } from "#envelope/cid.ts";
import type { RuleBody } from "#protocol/bodies.ts";
import type { Did, EnvelopeId, NeedId } from "#protocol/words.ts";
import type { Prng } from "../kernel/prng.ts";
import type { Machine } from "../world/machine.ts";

/** Of all challenges, parts per million: never ruled on; ruled on too late; ruled on twice. */
const NEVER_PPM = 150_000;
const LATE_PPM = 100_000;
const TWICE_PPM = 150_000;
/** A prompt ruling comes within this, ms. */
const PROMPT_MS_MAX = 2_000;
/** Between the first ruling and one that contradicts it, ms. */
const AGAIN_MS = 1_500;

export interface OperatorOptions {
  readonly did: Did;
  readonly machine: Machine;
  readonly chance: Prng;
  readonly ruleMs: number;
  readonly give: (bucket: number, verb: string, body: unknown) => void;
}

export class SimOperator {
  readonly #o: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#o = options;
  }

  /** A challenge was admitted. `isRight`: the result that it names is really wrong. */
  challenged(need: NeedId, attempt: number, challenge: EnvelopeId, isRight: boolean): void {
    const { chance, ruleMs, machine } = this.#o;
    const [isNever, isLate, isTwice] = [NEVER_PPM, LATE_PPM, TWICE_PPM].map((ppm) =>
      chance.chance(ppm),
    );
    if (isNever === true) return;
    const delayMs = isLate === true ? ruleMs + chance.below(ruleMs) : chance.below(PROMPT_MS_MAX);
    machine.afterTrue(delayMs, () => this.rule(need, attempt, challenge, isRight));
    if (isTwice !== true) return;
    machine.afterTrue(delayMs + AGAIN_MS, () => this.rule(need, attempt, challenge, !isRight));
  }

  /** Also about what nobody ever challenged: then it changes nothing. */
  rule(need: NeedId, attempt: number, challenge: EnvelopeId, upheld: boolean): void {
    const body: RuleBody = {
      need,
      attempt,
      challenge,
      upheld,
      by: this.#o.did,
      reason: "simulated",
    };
    this.#o.give(bucketOf(need), "RULE", body);
  }
}
