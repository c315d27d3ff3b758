/**
 * What was used lately, by key: a map that forgets.
 *
 * R1  The last `max` / 2 keys that were set or asked for are there, less what was deleted, and never more
 *     than `max`.
 * R2  Forgetting costs nothing: the older of two generations is let go as a whole. A Map from which the
 *     oldest is deleted one by one keeps a hole for each, and finding the oldest walks over all of them.
 */
export class Recent<T extends NonNullable<unknown>> {
  readonly #half: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** An even number, 2 at least. */
  constructor(max: number) {
    this.#half = max / 2;
  }

  /** Values that are held, those that are passed over too. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  get(key: string): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const value = this.#old.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    // What the older one has under this key is passed over until it goes as a whole.
    this.#young.set(key, value);
    if (this.#young.size < this.#half) return;
    [this.#old, this.#young] = [this.#young, new Map()];
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
