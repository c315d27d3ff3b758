/**
 * What an agent has signed and nobody has answered, on its disk: whoever was cut off and then ended comes
 * back with what it had done. Only answers that cost work are kept; all else is asked anew.
 *
 * O1  Rows are what was signed, byte for byte, so what is sent again takes effect once (E6).
 * O2  At most OUTBOX_ROWS_MAX rows and OUTBOX_BYTES_MAX bytes: the oldest make room, and are told.
 * O3  A row ends with its receipt, or when it has expired. A torn last line is cut off.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import type { AgentVerb } from "#protocol/bodies.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { EnvelopeId } from "#protocol/words.ts";

export const OUTBOX_ROWS_MAX = 256;
/** Of signed envelopes. */
export const OUTBOX_BYTES_MAX = 8 * 1024 * 1024;
/** What is kept: a bid, a claim or a sign of life is worth nothing once it is late. */
const KEPT: readonly AgentVerb[] = ["COMMIT", "ATTEST", "ATTEST_PLAN"];

export const isKept = (verb: AgentVerb): boolean => KEPT.includes(verb);

export interface Kept {
  readonly id: EnvelopeId;
  readonly thread: string;
  readonly wire: Uint8Array;
}

/** What became of a kept envelope, by the words of RECONCILE. */
export interface Reconciled {
  readonly verb: string;
  readonly thread: string;
  /** merged: it took effect. orphaned: it came too late, or was never sent. */
  readonly result: "merged" | "orphaned";
  /** Why it is orphaned. */
  readonly code?: string;
}

/** As an earlier process left it. */
export interface Left extends Kept {
  readonly verb: string;
  readonly nonce: number;
  readonly body: unknown;
}

export interface OutboxOptions {
  readonly path: string;
  readonly wallMs: () => number;
  readonly onReconciled: (reconciled: Reconciled) => void;
  /** The disk did not take a row, which is in memory only from then on. */
  readonly onFailed: (reason: string) => void;
}

type Line = { readonly id: string; readonly wire: string } | { readonly ended: string };

interface Row extends Left {
  readonly expiresAtMs: number;
}

const rowOf = (wire: Uint8Array): Row => {
  const { id, bytes } = decodeSigned(wire);
  const { verb, nonce, body, thread = id, expiresAtMs } = decodeEnvelope(bytes);
  return { id, thread, wire, verb, nonce, body, expiresAtMs };
};

export class Outbox {
  readonly #o: OutboxOptions;
  readonly #rows = new Map<EnvelopeId, Row>();
  #bytes = 0;
  /** Lines of the file, those of ended rows included. */
  #lines = 0;

  private constructor(options: OutboxOptions) {
    this.#o = options;
  }

  /** Throws what the disk says. */
  static open(options: OutboxOptions): Outbox {
    const outbox = new Outbox(options);
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    if (existsSync(options.path)) outbox.#load(readFileSync(options.path, "utf8"));
    for (const row of outbox.#rows.values())
      if (row.expiresAtMs <= options.wallMs()) outbox.#end(row, "EXPIRED");
    outbox.#rewrite();
    return outbox;
  }

  /** What is not answered yet, oldest first. */
  get left(): readonly Left[] {
    return [...this.#rows.values()];
  }

  /** Durable when it returns, unless the disk does not take it: that is told, and it goes on. */
  keep({ id, wire }: Kept): void {
    if (this.#rows.has(id)) return;
    this.#add(rowOf(wire));
    this.#append({ id, wire: Buffer.from(wire).toString("base64") });
    for (const oldest of this.#rows.values()) {
      if (this.#rows.size <= OUTBOX_ROWS_MAX && this.#bytes <= OUTBOX_BYTES_MAX) break;
      this.#end(oldest, "OUTBOX_FULL");
    }
  }

  /** Of one that is not kept it changes nothing. */
  answered(receipt: Receipt): void {
    const row = this.#rows.get(receipt.envelope);
    if (row !== undefined) this.#end(row, receipt.kind === "ack" ? undefined : receipt.code);
  }

  #add(row: Row): void {
    this.#rows.set(row.id, row);
    this.#bytes += row.wire.length;
  }

  #end({ id, verb, thread, wire }: Row, code: string | undefined): void {
    this.#rows.delete(id);
    this.#bytes -= wire.length;
    this.#append({ ended: id });
    if (this.#lines > 2 * OUTBOX_ROWS_MAX) this.#rewrite();
    const result = code === undefined ? "merged" : "orphaned";
    this.#o.onReconciled({ verb, thread, result, ...(code === undefined ? {} : { code }) });
  }

  /** What cannot be read is not there, nor is what follows it: a torn end. */
  #load(text: string): void {
    try {
      this.#read(text);
    } catch (error) {
      this.#o.onFailed(error instanceof Error ? error.message : String(error));
    }
  }

  #read(text: string): void {
    for (const one of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
      if (one === "") continue;
      const line = JSON.parse(one) as Line;
      if ("ended" in line) {
        const row = this.#rows.get(line.ended);
        this.#rows.delete(line.ended);
        this.#bytes -= row?.wire.length ?? 0;
      } else this.#add(rowOf(new Uint8Array(Buffer.from(line.wire, "base64"))));
    }
  }

  #append(line: Line): void {
    this.#lines += 1;
    try {
      write(this.#o.path, "a", `${JSON.stringify(line)}\n`);
    } catch (error) {
      this.#o.onFailed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Only what is left, whole or not at all. */
  #rewrite(): void {
    const lines = [...this.#rows.values()].map(({ id, wire }): Line => ({
      id,
      wire: Buffer.from(wire).toString("base64"),
    }));
    const fresh = `${this.#o.path}.new`;
    write(fresh, "w", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    renameSync(fresh, this.#o.path);
    this.#lines = lines.length;
  }
}

const write = (path: string, how: "a" | "w", text: string): void => {
  const file = openSync(path, how, 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
