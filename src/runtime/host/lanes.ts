/** Work that waits for others is done side by side, and not all of it at once. */

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
