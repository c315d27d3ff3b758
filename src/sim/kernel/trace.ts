/** What happened in a run, as one line each: a hash of all of them, and those that were asked for. */

import { createHash } from "node:crypto";

/** Lines kept for people: the last ones. */
export const TRACE_LINES_MAX = 20_000;

export class Trace {
  readonly #hash = createHash("sha256");
  readonly #lines: string[] | undefined;
  count = 0;

  constructor(isKept: boolean) {
    this.#lines = isKept ? [] : undefined;
  }

  add(atMs: number, who: string, what: string): void {
    const line = `${atMs} ${who} ${what}`;
    this.count += 1;
    this.#hash.update(line);
    this.#hash.update("\n");
    if (this.#lines === undefined) return;
    this.#lines.push(line);
    if (this.#lines.length > TRACE_LINES_MAX) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** SHA-256 of all lines, hex. The run is over. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
