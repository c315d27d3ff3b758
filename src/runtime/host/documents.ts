/** Published documents, opened once: the newest one, and those that a bucket of this host still pins. */

import type { Application } from "../bucket/application.ts";
import type { Publication } from "../bucket/outputs.ts";

/** Opened documents kept at a time; beyond it those that nobody pins are forgotten. */
export const DOCUMENTS_MAX = 64;

export interface Latest {
  readonly revision: number;
  readonly hash: string;
  /** The host's run time when it came, ms. */
  readonly receivedMs: number;
}

export class Documents {
  readonly #app: Application;
  readonly #stored: (hash: string) => Promise<Uint8Array | undefined>;
  readonly #opened = new Map<string, unknown>();
  #latest: Latest | undefined = undefined;

  constructor(app: Application, stored: (hash: string) => Promise<Uint8Array | undefined>) {
    this.#app = app;
    this.#stored = stored;
  }

  get latest(): Latest | undefined {
    return this.#latest;
  }

  /** Opened; undefined: none has come. */
  get newest(): unknown {
    return this.#latest === undefined ? undefined : this.#opened.get(this.#latest.hash);
  }

  /** Whether the newest of them names the agent. */
  knows(did: string): boolean {
    return this.#app.knows(did, this.newest);
  }

  get(hash: string): unknown {
    return this.#opened.get(hash);
  }

  async open(hash: string): Promise<unknown> {
    const known = this.#opened.get(hash);
    if (known !== undefined) return known;
    const bytes = await this.#stored(hash);
    if (bytes === undefined) throw new Error(`document ${hash} is not stored`);
    const opened = this.#app.openDocument(bytes);
    this.#opened.set(hash, opened);
    return opened;
  }

  /** False if it is not newer than the newest. `pinned` are the hashes still needed. */
  add(publication: Publication, receivedMs: number, pinned: () => ReadonlySet<string>): boolean {
    const { revision, hash, document } = publication;
    if (this.#latest !== undefined && this.#latest.revision >= revision) return false;
    this.#opened.set(hash, this.#app.openDocument(document));
    this.#latest = { revision, hash, receivedMs };
    if (this.#opened.size > DOCUMENTS_MAX) {
      const needed = pinned();
      for (const known of this.#opened.keys())
        if (known !== hash && !needed.has(known)) this.#opened.delete(known);
    }
    return true;
  }
}
