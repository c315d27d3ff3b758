/**
 * The signatures of a log's envelopes, checked in bulk. Few are checked in place; from one full chunk on
 * they go to other cores while the log is read on.
 */

import { availableParallelism } from "node:os";
import { encodeSigned, type SignedEnvelope } from "#envelope/envelope.ts";
import { openPool, type Pool } from "#runtime/threads/pool.ts";
import { VERIFY_CHUNK_ENVELOPES, VERIFY_JOB, verifyChunk } from "#runtime/threads/verify-job.ts";
import { Broken } from "./chain.ts";

/** Threads at most: reading and replaying take one core themselves. */
export const VERIFY_THREADS_MAX = 4;
/** Chunks under way; reading waits beyond it. */
export const VERIFY_CHUNKS_MAX = 8;

export interface SignedPlace {
  readonly bucket: number;
  readonly position: number;
  readonly line?: number;
}

export class SignatureQueue {
  count = 0;
  #wires: Uint8Array[] = [];
  #places: SignedPlace[] = [];
  #pool: Pool | undefined;
  readonly #flying: Promise<Broken | undefined>[] = [];

  /** Waits where too many chunks are under way. Throws Broken for an earlier envelope. */
  async add(signed: SignedEnvelope, place: SignedPlace): Promise<void> {
    this.count += 1;
    this.#wires.push(encodeSigned(signed));
    this.#places.push(place);
    if (this.#wires.length < VERIFY_CHUNK_ENVELOPES) return;
    this.#pool ??= openPool(Math.min(VERIFY_THREADS_MAX, availableParallelism()));
    const chunk = checked(this.#pool, this.#wires, this.#places);
    chunk.catch(() => undefined); // told where it is awaited
    this.#flying.push(chunk);
    [this.#wires, this.#places] = [[], []];
    if (this.#flying.length >= VERIFY_CHUNKS_MAX) raise(await this.#flying.shift());
  }

  /** Throws Broken with the first envelope whose signature is not its sender's. */
  async finish(): Promise<void> {
    for (const one of this.#flying.splice(0)) raise(await one);
    raise(firstWrong(verifyChunk(this.#wires), this.#places));
    [this.#wires, this.#places] = [[], []];
  }

  /** Ends the threads, whatever came before. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#flying.splice(0));
    await this.#pool?.close();
    this.#pool = undefined;
  }
}

const checked = async (
  pool: Pool,
  wires: readonly Uint8Array[],
  places: readonly SignedPlace[],
): Promise<Broken | undefined> =>
  firstWrong(await pool.run({ job: VERIFY_JOB, items: wires }), places);

const firstWrong = (
  verdicts: readonly unknown[],
  places: readonly SignedPlace[],
): Broken | undefined => {
  const place = places[verdicts.findIndex((verdict) => verdict !== true)];
  if (place === undefined) return undefined;
  const { bucket, line, position } = place;
  return new Broken(`the envelope at position ${position} is not signed by its sender`, {
    bucket,
    ...(line === undefined ? {} : { line }),
  });
};

const raise = (broken: Broken | undefined): void => {
  if (broken !== undefined) throw broken;
};
