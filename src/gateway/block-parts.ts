/**
 * Blocks that come in parts, until they are whole. What is not whole in time is forgotten; whoever sends
 * it begins anew.
 */

import type { Clock } from "#ports/clock.ts";
import type { Cid, Did } from "#protocol/words.ts";
import { GatewayError } from "./errors.ts";
import { PARTS_BYTES_EACH_MAX, PARTS_BYTES_MAX, PARTS_MS_MAX } from "./limits.ts";

export interface PartGiven {
  readonly from: Did;
  readonly cid: Cid;
  readonly part: number;
  readonly parts: number;
  readonly bytes: Uint8Array;
}

interface Waiting {
  readonly from: Did;
  readonly parts: (Uint8Array | undefined)[];
  bytes: number;
  cancel: () => void;
}

export class BlockParts {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The whole block once all parts are here. Refuses with BUSY, and BODY_INVALID. */
  add(given: PartGiven): Uint8Array | undefined {
    const { from, cid, part, parts, bytes } = given;
    const key = `${from} ${cid}`;
    const waiting = this.#waiting.get(key) ?? this.#begin(key, given);
    if (waiting.parts.length !== parts)
      throw new GatewayError("BODY_INVALID", {
        reason: `it was to come in ${waiting.parts.length} parts`,
      });
    if (waiting.parts[part] === undefined) {
      this.#makeRoom(from, bytes.length);
      waiting.parts[part] = bytes;
      waiting.bytes += bytes.length;
    }
    const all = waiting.parts.filter((one) => one !== undefined);
    if (all.length < parts) return undefined;
    this.#forget(key);
    return new Uint8Array(Buffer.concat(all));
  }

  close(): void {
    for (const key of this.#waiting.keys()) this.#forget(key);
  }

  #begin(key: string, { from, parts }: PartGiven): Waiting {
    const cancel = this.#clock.after(PARTS_MS_MAX, () => this.#forget(key));
    const none = Array.from({ length: parts }, () => undefined);
    const waiting: Waiting = { from, parts: none, bytes: 0, cancel };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  #makeRoom(from: Did, bytes: number): void {
    let [all, own] = [bytes, bytes];
    for (const one of this.#waiting.values()) {
      all += one.bytes;
      if (one.from === from) own += one.bytes;
    }
    if (all > PARTS_BYTES_MAX || own > PARTS_BYTES_EACH_MAX)
      throw new GatewayError("BUSY", { reason: "blocks that have come in part" });
  }

  #forget(key: string): void {
    this.#waiting.get(key)?.cancel();
    this.#waiting.delete(key);
  }
}
