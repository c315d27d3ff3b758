/**
 * Transport errors about what came over the bus, on their way to whom the bytes name as their sender. They
 * are not signed, and nobody has shown that the bytes are of that sender, so they must be of no use to
 * whoever forges them:
 *
 * R1  An answer is never larger than what it answers, and so many go out in a second.
 * R2  It names the very bytes (bus-messages.ts): an agent that did not send them lets it pass.
 * R3  What is over a limit is not answered; its sender says it again when it has had no receipt.
 */

import { encode } from "#envelope/canonical.ts";
import { claimedSender } from "#envelope/claimed-sender.ts";
import { cidOf } from "#envelope/cid.ts";
import { isDid } from "#envelope/did.ts";
import { decodeSigned } from "#envelope/envelope.ts";
import { encodeToAgent, type RejectedWire } from "#ports/bus-messages.ts";

/** Answers of a host in a second: about as many envelopes as a turn takes come to nothing at most. */
export const REJECTIONS_PER_S_MAX = 256;
/** To one claimed sender: an eighth, so that junk under one name leaves answers for others. */
export const SENDER_REJECTIONS_PER_S_MAX = REJECTIONS_PER_S_MAX / 8;
const SECOND_MS = 1_000;

export interface Rejected {
  readonly to: string;
  /** Of a RejectedWire. */
  readonly bytes: Uint8Array;
}

export class Rejections {
  readonly #nowMs: () => number;
  #untilMs = 0;
  #told = 0;
  readonly #toldTo = new Map<string, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Undefined: it is not answered. */
  answer(wire: Uint8Array, code: string, detail: string): Rejected | undefined {
    this.#tick();
    if (this.#told >= REJECTIONS_PER_S_MAX) return undefined;
    const to = claimedSender(wire);
    if (to === undefined) return undefined;
    const toldTo = this.#toldTo.get(to) ?? 0;
    if (toldTo >= SENDER_REJECTIONS_PER_S_MAX || !isDid(to)) return undefined;
    const about = { wire: cidOf(wire), envelope: idOf(wire), code };
    const bytes = [detail, ""]
      .map((more) => encode({ ...about, detail: more } satisfies RejectedWire))
      .find((one) => isWithin(one, wire));
    if (bytes === undefined) return undefined;
    this.#told += 1;
    this.#toldTo.set(to, toldTo + 1);
    return { to, bytes };
  }

  /** A second begins. */
  #tick(): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#untilMs) return;
    this.#untilMs = nowMs + SECOND_MS;
    this.#told = 0;
    this.#toldTo.clear();
  }
}

/** R1, of the message that carries it alone. */
const isWithin = (bytes: Uint8Array, wire: Uint8Array): boolean =>
  encodeToAgent({ type: "rejected", items: [bytes] }).length <= wire.length;

/** Of the envelope in the wire; of the bytes where there is none. */
export const idOf = (wire: Uint8Array): string => {
  try {
    return decodeSigned(wire).id;
  } catch {
    return cidOf(wire);
  }
};
