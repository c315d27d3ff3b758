/**
 * Messages between buckets are logged inputs of whoever got them; replay shows what was sent. Held
 * together, a ledger's answer cannot be invented: each logged ask was asked, each logged answer answered.
 *
 * The bucket that is asked is replayed first, so an ask waits here for its asker.
 */

import { encode } from "#envelope/canonical.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import { ReplayDiverged } from "#runtime/bucket/replay-record.ts";
import type { Outputs } from "#runtime/bucket/outputs.ts";
import type { LogRecord } from "#runtime/log/record.ts";

export interface MessageCounts {
  readonly asks: number;
  readonly answers: number;
}

interface Logged {
  readonly bucket: number;
  readonly position: number;
  readonly digest: string;
}

const digestOf = (payload: unknown): string => hex(sha256(encode(payload)));
/** An ask is named by who asked and its number there. */
const nameOf = (asker: number, number: number): string => `${asker}/${number}`;

export class MessageChecks {
  /** Asks in the log of whoever was asked. */
  readonly #asks = new Map<string, Logged>();
  readonly #answers = new Map<string, string>();
  #asked = 0;
  #answered = 0;

  get counts(): MessageCounts {
    return { asks: this.#asked, answers: this.#answered };
  }

  /** Throws ReplayDiverged. */
  add(record: LogRecord, { asks, answers }: Outputs): void {
    const { bucket } = record;
    for (const [n, entry] of record.entries.entries()) {
      if (entry.kind !== "message") continue;
      const position = record.first + n;
      const digest = digestOf(entry.payload);
      if (entry.role === "ask")
        this.#asks.set(nameOf(entry.from, entry.number), { bucket, position, digest });
      else {
        if (this.#answers.get(nameOf(bucket, entry.number)) !== digest)
          throw new ReplayDiverged(
            bucket,
            position,
            `bucket ${entry.from} never gave this answer to ask ${entry.number}`,
          );
        this.#answered += 1;
      }
    }
    for (const { to, number, payload } of answers)
      this.#answers.set(nameOf(to, number), digestOf(payload));
    for (const { number, payload } of asks) {
      const name = nameOf(bucket, number);
      const logged = this.#asks.get(name);
      if (logged === undefined) continue;
      if (logged.digest !== digestOf(payload))
        throw new ReplayDiverged(
          logged.bucket,
          logged.position,
          `bucket ${bucket} asked something else under number ${number}`,
        );
      this.#asks.delete(name);
      this.#asked += 1;
    }
  }

  /** All logs were replayed. Throws ReplayDiverged where an ask was logged that nobody asked. */
  finish(): void {
    for (const [name, { bucket, position }] of this.#asks)
      throw new ReplayDiverged(bucket, position, `ask ${name} was never asked`);
  }
}
