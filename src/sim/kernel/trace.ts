/** What happened in a run, as one line each: a hash of all of them, and those that were asked for. */

import { createHash } from "node:crypto";

/** Lines kept for people: the last ones. */
export const TRACE_LINES_MAX = 20_000;
/** Text is hashed in parts of about this many characters: a call of the library costs as much. */
const PART_UNITS = 16_384;

export class Trace {
  readonly #hash = createHash("sha256");
  readonly #lines: string[] | undefined;
  #part = "";
  count = 0;

  constructor(isKept: boolean) {
    this.#lines = isKept ? [] : undefined;
  }

  add(atMs: number, who: string, what: string): void {
    const line = `${atMs} ${who} ${what}`;
    this.count += 1;
    this.#part += `${line}\n`;
    if (this.#part.length >= PART_UNITS) this.#hashPart();
    if (this.#lines === undefined) return;
    this.#lines.push(line);
    if (this.#lines.length > TRACE_LINES_MAX) this.#lines.shift();
  }

  #hashPart(): void {
    this.#hash.update(this.#part);
    this.#part = "";
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** SHA-256 of all lines, hex. The run is over. */
  digest(): string {
    this.#hashPart();
    return this.#hash.digest("hex");
  }
}
