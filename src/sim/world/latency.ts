/** The store as one thread of a simulated machine reaches it: late, and never after its own death. */

import type { Blocks } from "#ports/blocks.ts";
import type { Store } from "#ports/store.ts";
import type { Machine } from "./machine.ts";

export interface Caller {
  readonly after: (delayMs: number, run: () => void, byTrueTime: boolean) => () => void;
}

/**
 * A call takes `delayMs` to get there and again to come back. It reaches the store even if its thread
 * dies on the way; its answer then reaches nobody. With the machine both are gone.
 */
export const reachedFrom = (
  store: Store & Blocks,
  machine: Machine,
  caller: Caller,
  delayMs: () => number,
): Store & Blocks => {
  const call = <T>(run: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      machine.afterTrue(delayMs(), () => {
        run().then(
          (value) => void caller.after(delayMs(), () => resolve(value), true),
          (error: unknown) => void caller.after(delayMs(), () => reject(error as Error), true),
        );
      });
    });
  return {
    lead: (buckets) => call(() => store.lead(buckets)),
    head: (bucket) => call(() => store.head(bucket)),
    read: (...args) => call(() => store.read(...args)),
    commit: (writes) => call(() => store.commit(writes)),
    loadSnapshot: (bucket) => call(() => store.loadSnapshot(bucket)),
    saveSnapshot: (snapshot) => call(() => store.saveSnapshot(snapshot)),
    close: () => store.close(),
    put: (...args) => call(() => store.put(...args)),
    get: (cid) => call(() => store.get(cid)),
    has: (cid) => call(() => store.has(cid)),
  };
};

/** The same for any port: each of its methods takes its time there and back, but for those named. */
export const lateFrom = <T extends object>(
  target: T,
  machine: Machine,
  caller: Caller,
  delayMs: () => number,
  atOnce: readonly (keyof T)[] = [],
): T => {
  const late =
    (method: (...args: readonly unknown[]) => Promise<unknown>) =>
    (...args: readonly unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        machine.afterTrue(delayMs(), () => {
          method(...args).then(
            (value) => void caller.after(delayMs(), () => resolve(value), true),
            (error: unknown) => void caller.after(delayMs(), () => reject(error as Error), true),
          );
        });
      });
  const methods = Object.entries(target).map(([name, value]) => [
    name,
    typeof value === "function" && !atOnce.includes(name as keyof T)
      ? late(value as (...args: readonly unknown[]) => Promise<unknown>)
      : value,
  ]);
  return Object.fromEntries(methods) as T;
};
