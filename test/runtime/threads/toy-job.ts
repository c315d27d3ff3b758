/** Jobs for the pool's tests. */
import { threadId } from "node:worker_threads";

export const square = (items: readonly number[]): readonly number[] => items.map((n) => n * n);

export const whereAmI = (items: readonly unknown[]): readonly number[] => items.map(() => threadId);

export const breaks = async (items: readonly number[]): Promise<readonly number[]> => {
  if (items.includes(13)) throw new Error("thirteen");
  return items;
};

export const loses = (items: readonly number[]): readonly number[] => items.slice(1);
