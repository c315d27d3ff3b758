/**
 * Preloaded into every process and thread of a run (`NODE_OPTIONS=--import`): the wall clock is off by
 * as many milliseconds as the file named by CHAOS_CLOCK says, from one moment to the next. Monotonic
 * time is left alone, as by an administrator who sets a machine's clock.
 */

import { readFileSync } from "node:fs";

const path = process.env.CHAOS_CLOCK;
/** The file is read again after this much monotonic time, ms. */
const FRESH_MS = 50;

if (path !== undefined) {
  const trueNow = Date.now;
  let offMs = 0;
  let readAtMs = -Infinity;
  const off = () => {
    const nowMs = performance.now();
    if (nowMs - readAtMs < FRESH_MS) return offMs;
    readAtMs = nowMs;
    try {
      offMs = Number(readFileSync(path, "utf8")) || 0;
    } catch {
      // Before the file is there, the clock is right.
    }
    return offMs;
  };
  Date.now = () => trueNow() + off();
  const TrueDate = Date;
  globalThis.Date = class Date extends TrueDate {
    constructor(...parts) {
      super(...(parts.length === 0 ? [TrueDate.now()] : parts));
    }
  };
}
