/** Work that waits for others is done side by side, and not all of it at once. */

/** For work that comes one by one: so much of it at a time, the rest in the order it came. */
export class Lanes {
  #free: number;
  #urgent = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(lanes: number) {
    this.#free = lanes;
  }

  /** `isUrgent`: it begins at once, and nothing begins before it has settled. Settles as the work does. */
  async run<T>(isUrgent: boolean, work: () => Promise<T>): Promise<T> {
    if (isUrgent) this.#urgent += 1;
    else {
      const begun = new Promise<void>((begin) => void this.#waiting.push(begin));
      this.#begin();
      await begun;
    }
    try {
      return await work();
    } finally {
      if (isUrgent) this.#urgent -= 1;
      else this.#free += 1;
      this.#begin();
    }
  }

  #begin(): void {
    while (this.#urgent === 0 && this.#free > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#free -= 1;
      next();
    }
  }
}

/** Runs all, `lanes` of them at a time, begun in their order. Rejects with the first that does. */
export const inLanes = async <T>(
  items: Iterable<T>,
  lanes: number,
  run: (item: T) => Promise<void>,
): Promise<void> => {
  const left = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await run(next.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
};
