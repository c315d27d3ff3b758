/**
 * Was a leader's part of a draw fixed before the draw? Each DRAW's s must be the HMAC of its question
 * under the secret that its epoch committed to (protocol section 9). The secret is known once a later
 * EPOCH, or the head of the file, reveals it; until then the draw is unproven.
 */

import { createHmac } from "node:crypto";
import { hex, sha256 } from "#envelope/cid.ts";
import type { DrawBody, EpochBody, GrantBody } from "#protocol/bodies.ts";
import { drawLabel } from "#protocol/digests.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import type { LogRecord } from "#runtime/log/record.ts";

export interface DrawVerdict {
  readonly bucket: number;
  readonly position: number;
  readonly need: string;
  readonly verdict: "proven" | "unproven" | "false";
}

export interface DrawCounts {
  readonly total: number;
  readonly proven: number;
  /** The secret of their epoch is not known here. */
  readonly unproven: number;
  /** The leader did not use the secret that it committed to. */
  readonly false: number;
}

interface Pending {
  readonly bucket: number;
  readonly position: number;
  readonly need: string;
  readonly label: string;
  readonly s: Uint8Array;
  /** Hex. */
  readonly commitment: string;
}

export class DrawChecks {
  /** By the hex of their hash. */
  readonly #secrets = new Map<string, Uint8Array>();
  readonly #pending: Pending[] = [];
  /** Lease revisions of the bucket that is being read, by need and attempt. */
  readonly #revisions = new Map<string, number>();
  #bucket = -1;

  reveal(secret: Uint8Array): void {
    this.#secrets.set(hex(sha256(secret)), secret);
  }

  /** Records of one bucket come in order; `commitment` is that of the record's epoch. */
  add(record: LogRecord, commitment: Uint8Array): void {
    if (record.bucket !== this.#bucket) this.#revisions.clear();
    this.#bucket = record.bucket;
    for (const [n, entry] of record.entries.entries()) {
      if (entry.kind === "given" && entry.verb === "EPOCH") {
        const { previousSecret } = entry.body as EpochBody;
        if (previousSecret !== undefined) this.reveal(previousSecret);
      } else if (entry.kind === "derived" && entry.verb === "GRANT") {
        const { need, attempt, revision } = entry.body as GrantBody;
        this.#revisions.set(`${need}/${attempt}`, revision);
      } else if (entry.kind === "derived" && entry.verb === "DRAW")
        this.#asked(entry.body as DrawBody, record.bucket, record.first + n, commitment);
    }
  }

  #asked(body: DrawBody, bucket: number, position: number, commitment: Uint8Array): void {
    if (body.phase !== "asked") return;
    const { need, attempt, question, s } = body;
    const revision = question === "plan" ? 0 : (this.#revisions.get(`${need}/${attempt}`) ?? 0);
    const label = drawLabel({ ...body, revision });
    this.#pending.push({ bucket, position, need, label, s, commitment: hex(commitment) });
  }

  verdicts(): DrawVerdict[] {
    return this.#pending.map(({ bucket, position, need, label, s, commitment }) => {
      const secret = this.#secrets.get(commitment);
      if (secret === undefined) return { bucket, position, need, verdict: "unproven" };
      const own = createHmac("sha256", secret).update(label).digest();
      return { bucket, position, need, verdict: sameBytes(own, s) ? "proven" : "false" };
    });
  }
}

export const countDraws = (verdicts: readonly DrawVerdict[]): DrawCounts => {
  const of = (verdict: DrawVerdict["verdict"]): number =>
    verdicts.filter((one) => one.verdict === verdict).length;
  return {
    total: verdicts.length,
    proven: of("proven"),
    unproven: of("unproven"),
    false: of("false"),
  };
};
