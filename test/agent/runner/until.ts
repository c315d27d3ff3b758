/** Waiting without sleeping: until the condition holds, or a failure that says it never did. */

import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

const LOOK_EVERY_MS = 5;

export const until = async (
  condition: () => boolean,
  timeoutMs: number,
  what = condition.toString(),
): Promise<void> => {
  const endsAt = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > endsAt) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await wait(LOOK_EVERY_MS);
  }
};

/** Living processes with this text on their command line: a test gives each of its programs its own. */
export const processesWith = (tag: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(tag);
      } catch {
        return false;
      }
    });
