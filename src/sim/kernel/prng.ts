/**
 * Chance of the simulated world: every draw comes from one seed, through streams with names of their
 * own, so that asking once more in one place changes nothing in another.
 */

import { sha256 } from "#envelope/cid.ts";
import type { Rng } from "#ports/rng.ts";

const text = new TextEncoder();

/** xoshiro128** by Blackman and Vigna (2018): small, quick, and the same on every machine. */
export class Prng implements Rng {
  readonly #label: string;
  readonly #state: Uint32Array;

  private constructor(label: string) {
    this.#label = label;
    const digest = sha256(text.encode(label));
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
    this.#state = Uint32Array.from([0, 4, 8, 12], (at) => view.getUint32(at));
  }

  static of(seed: number): Prng {
    return new Prng(`seed ${seed}`);
  }

  /** A stream of its own. The same name gives the same stream, whatever was drawn here meanwhile. */
  stream(name: string): Prng {
    return new Prng(`${this.#label}/${name}`);
  }

  u32(): number {
    const state = this.#state;
    // By index: a list to take apart and one to put in cost four times as much, in each draw.
    const a = state[0] ?? 0;
    const b = state[1] ?? 0;
    const c = (state[2] ?? 0) ^ a;
    const d = (state[3] ?? 0) ^ b;
    state[0] = a ^ d;
    state[1] = b ^ c;
    state[2] = c ^ (b << 9);
    state[3] = rotl(d, 11);
    return Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
  }

  below(limit: number): number {
    if (limit <= 1) return 0;
    // 53 bits over at most 2^48 values: no value is likelier by more than 2^-5 of itself.
    return Math.floor(((this.u32() & 0x1f_ffff) * 2 ** 32 + this.u32()) * (limit / 2 ** 53));
  }

  /** Whole numbers min … max, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True this often, in parts per million. */
  chance(ppm: number): boolean {
    return this.below(1_000_000) < ppm;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [key, weight] of entries) {
      if (left < weight) return key;
      left -= weight;
    }
    throw new Error("no weight at all");
  }

  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.u32() & 0xff);
  }
}

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
