/**
 * Inputs that make turns fail, as one host sees them. A throw is counted here against the input in hand;
 * a thread's death is counted by whoever restarts it (threads/host-set.ts), which hands its verdicts
 * over as `dead`. Either way the input's bucket logs a DEAD_LETTER and never takes it again.
 */

import { nameOfInput, type TurnInput } from "../bucket/input.ts";
import type { Outputs } from "../bucket/outputs.ts";
import type { BucketState } from "../bucket/state.ts";
import { DEAD_LETTER } from "../bucket/turn.ts";
import { PoisonCounts } from "../supervision/poison.ts";

/** In hand while a bucket is loaded or its timers fire: what no input caused. */
export const nameOfBucket = (bucket: number): string => `bucket:${bucket}`;

/** The given entry that sets an input aside. */
export interface Letter {
  readonly name: string;
  readonly reason: string;
  readonly entry: TurnInput;
}

export interface Sifted {
  readonly living: readonly TurnInput[];
  readonly letters: readonly Letter[];
  /** Never taken again. */
  readonly buried: readonly TurnInput[];
}

export class HostPoison {
  readonly #counts = new PoisonCounts();
  /** Name and cause of what is to be set aside when it comes (again). */
  readonly #verdicts = new Map<string, string>();

  constructor(dead: readonly string[]) {
    for (const name of dead)
      this.#verdicts.set(name, "it was in hand each time a host's thread died");
  }

  /** Why the bucket itself is not to be touched; undefined if nothing speaks against it. */
  against(bucket: number): string | undefined {
    return this.#verdicts.get(nameOfBucket(bucket));
  }

  /** A turn threw with this input in hand. */
  threw(name: string, cause: string): void {
    for (const verdict of this.#counts.died([name]))
      if (verdict.kind === "dead-letter")
        this.#verdicts.set(name, `${verdict.tries} turns failed with it in hand: ${cause}`);
  }

  /** These inputs went through. */
  settled(bucket: number, inputs: readonly TurnInput[]): void {
    if (this.#counts.size === 0) return;
    for (const input of inputs) this.#counts.settled(nameOfInput(bucket, input));
  }

  /** Its DEAD_LETTER is in a record: the bucket's state remembers. */
  lettered(name: string): void {
    this.#verdicts.delete(name);
  }

  sift(state: BucketState, inputs: readonly TurnInput[]): Sifted {
    if (this.#verdicts.size === 0 && state.dead.size === 0)
      return { living: inputs, letters: [], buried: [] };
    const living: TurnInput[] = [];
    const letters = new Map<string, Letter>();
    const buried: TurnInput[] = [];
    for (const input of inputs) {
      const name = nameOfInput(state.bucket, input);
      const reason = this.#verdicts.get(name);
      if (state.dead.has(name)) buried.push(input);
      else if (reason === undefined) living.push(input);
      else {
        buried.push(input);
        const body = { input: name, reason };
        letters.set(name, { name, reason, entry: { kind: "given", verb: DEAD_LETTER, body } });
      }
    }
    return { living, letters: [...letters.values()], buried };
  }
}

/** Whoever sent an envelope that no turn will take is told so. */
export const refuseAll = (code: string, inputs: readonly TurnInput[], outputs: Outputs): void => {
  for (const input of inputs) {
    if (input.kind !== "envelope") continue;
    const { signed, envelope } = input.admitted;
    const answer = { kind: "nack" as const, code };
    outputs.receipts.push({ to: envelope.from, envelope: signed.id, answer });
  }
};
