/**
 * An agent's way to the swarm: envelopes out, receipts and notices in.
 *
 * Order: receipts and notices of one bucket arrive in the order of its log; none is promised across
 * buckets. Delivery: at least once while attached; after a cut, attach again and what is still asked is
 * told again. An envelope without a receipt may be sent again, the same bytes: it takes effect once (E6).
 */

import type { Receipt, Notice } from "#protocol/notices.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import type { Did, EnvelopeId } from "#protocol/words.ts";

export interface LinkEvents {
  readonly receipt: (receipt: Receipt) => void;
  readonly notice: (notice: Notice) => void;
  /**
   * A transport error about an envelope that somebody on this link has sent: not signed, and told to all
   * of them, for it names no sender that the swarm believes.
   */
  readonly rejected?: (envelope: EnvelopeId, code: RefusalCode, detail: string) => void;
  /** The supervisor behind the link came back: everything unanswered should be sent again. */
  readonly resumed: () => void;
}

export interface SwarmLink {
  /** Hear what is said to this agent. */
  attach(agent: Did, events: LinkEvents): void;
  detach(agent: Did): void;
  /** `wire` is a signed envelope; `thread` its thread (a NEED's own id). Never blocks. */
  send(thread: string, wire: Uint8Array): void;
}
