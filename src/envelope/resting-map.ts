/**
 * A map of things that are many and mostly idle: one that nobody has asked for in a while rests as bytes
 * that no collector walks, and is there again as soon as somebody asks.
 *
 * R1  It answers as a Map does, whatever rests: resting shows in memory alone. What `get` answers may be
 *     changed in place until the next `rest`; what `peek` and iteration answer may be a copy.
 * R2  Nothing rests but in `rest`, and only what was not asked for since the `rest` before that was whole.
 * R3  What is kept (`encode`) holds what rests as it rests.
 */

import { PackedMap, type KeptMap } from "./packed-map.ts";

export interface RestingCodec<V> {
  /** Undefined: this one never rests. Read before the next is packed. */
  readonly pack: (value: V) => Uint8Array | undefined;
  /** The bytes are a view: nothing of it may be kept. */
  readonly unpack: (bytes: Uint8Array, key: string) => V;
}

/** Has up to `most` rest that are idle; false: there are more. As `RestingMap.rest`. */
export type Rest = (most: number) => boolean;

export interface EncodedResting<V> {
  readonly awake: Iterable<readonly [string, V]>;
  readonly resting: KeptMap;
}

export class RestingMap<V> {
  readonly #codec: RestingCodec<V>;
  /** Asked for since the last `rest`. */
  #awake = new Map<string, V>();
  /** Not asked for since. */
  #idle = new Map<string, V>();
  readonly #resting: PackedMap;
  /** Of the awake ones, who was asked for last: a turn asks for the same again and again. */
  #lastKey: string | undefined;
  #last: V | undefined;
  /** A key that is known not to rest: whoever finds nothing mostly sets it then. */
  #notResting: string | undefined;

  constructor(codec: RestingCodec<V>, encoded?: EncodedResting<V>) {
    this.#codec = codec;
    this.#resting = new PackedMap(encoded?.resting);
    for (const [key, value] of encoded?.awake ?? []) this.#awake.set(key, value);
  }

  get size(): number {
    return this.#awake.size + this.#idle.size + this.#resting.size;
  }

  /** How many rest. */
  get resting(): number {
    return this.#resting.size;
  }

  /** Those that do not rest. The map must not change meanwhile. */
  *awake(): Iterable<readonly [string, V]> {
    yield* this.#idle;
    yield* this.#awake;
  }

  has(key: string): boolean {
    return this.#awake.has(key) || this.#idle.has(key) || this.#packed(key) !== undefined;
  }

  get(key: string): V | undefined {
    if (key === this.#lastKey) return this.#last;
    const value = this.#awake.get(key) ?? this.#wake(key);
    if (value === undefined) return undefined;
    this.#lastKey = key;
    this.#last = value;
    return value;
  }

  #wake(key: string): V | undefined {
    const value = this.peek(key);
    if (value === undefined) return undefined;
    if (!this.#idle.delete(key)) this.#resting.delete(key);
    this.#awake.set(key, value);
    return value;
  }

  /** Wakes nothing. */
  peek(key: string): V | undefined {
    const value = this.#awake.get(key) ?? this.#idle.get(key);
    if (value !== undefined) return value;
    const bytes = this.#packed(key);
    return bytes === undefined ? undefined : this.#codec.unpack(bytes, key);
  }

  set(key: string, value: V): void {
    this.#forgetLast();
    if (!this.#awake.has(key) && !this.#idle.delete(key)) this.#forget(key);
    this.#awake.set(key, value);
  }

  /** True if it was there. */
  delete(key: string): boolean {
    this.#forgetLast();
    return this.#awake.delete(key) || this.#idle.delete(key) || this.#forget(key);
  }

  *keys(): Iterable<string> {
    yield* this.#resting.keys();
    yield* this.#idle.keys();
    yield* this.#awake.keys();
  }

  /** What nobody has asked for longest first, roughly. The map must not change meanwhile. */
  *[Symbol.iterator](): Iterator<readonly [string, V]> {
    for (const [key, bytes] of this.#resting) yield [key, this.#codec.unpack(bytes, key)];
    yield* this.#idle;
    yield* this.#awake;
  }

  /** Of those, the ones that pass; one that rests is looked at as it rests and not unpacked in vain. */
  *where(
    isWanted: (value: V) => boolean,
    isPackedWanted: (bytes: Uint8Array) => boolean,
  ): Iterable<V> {
    for (const [key, bytes] of this.#resting)
      if (isPackedWanted(bytes)) yield this.#codec.unpack(bytes, key);
    for (const map of [this.#idle, this.#awake])
      for (const value of map.values()) if (isWanted(value)) yield value;
  }

  /**
   * Packs `most` of those that were not asked for since the `rest` before. False: more of them are left, and
   * it is to be called again before anything else counts as idle.
   */
  rest(most = Number.POSITIVE_INFINITY): boolean {
    this.#forgetLast();
    this.#notResting = undefined;
    let packed = 0;
    for (const [key, value] of this.#idle) {
      if (packed === most) return false;
      packed += 1;
      const bytes = this.#codec.pack(value);
      if (bytes === undefined) this.#awake.set(key, value);
      else this.#resting.set(key, bytes);
      this.#idle.delete(key);
    }
    [this.#idle, this.#awake] = [this.#awake, this.#idle];
    return true;
  }

  encode(): EncodedResting<V> {
    return { awake: [...this.awake()], resting: this.#resting.kept() };
  }

  #forgetLast(): void {
    this.#lastKey = undefined;
    this.#last = undefined;
  }

  #packed(key: string): Uint8Array | undefined {
    if (this.#resting.size === 0 || key === this.#notResting) return undefined;
    const bytes = this.#resting.get(key);
    if (bytes === undefined) this.#notResting = key;
    return bytes;
  }

  #forget(key: string): boolean {
    return this.#resting.size > 0 && key !== this.#notResting && this.#resting.delete(key);
  }
}
