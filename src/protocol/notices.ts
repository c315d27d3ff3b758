/**
 * What a supervisor tells agents. A notice asks for something or reports; it is derived from committed
 * state, so it can be told again after any crash: agents treat a repeated notice as the same one.
 * `nonce` is the highest nonce the bucket has seen from the addressee in that thread.
 *
 * One kind, `foretell`, is derived from no state: it comes from a supervisor that is cut off, asks for no
 * envelope, and whoever passes it over is asked for everything as ever.
 */

import type { NeedBody, OpenBid, Payment } from "#protocol/bodies.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import type { Cid, Credits, Did, EnvelopeId, NeedId, Question } from "#protocol/words.ts";

interface About {
  readonly need: NeedId;
  readonly attempt: number;
  readonly nonce: number;
}

/** Of the first attempt of a need that no log has yet: nobody has said anything in its thread. */
export const FORETOLD = { attempt: 1, nonce: 0 } as const;

export type Notice =
  /** To those who could bid, where the need waits for its bucket: bids are likely to be called for. */
  | (About & { readonly kind: "foretell"; readonly requester: Did; readonly body: NeedBody })
  /** To eligible workers: bids are taken. */
  | (About & {
      readonly kind: "bid";
      readonly requester: Did;
      readonly body: NeedBody;
      readonly mode: "open" | "sealed";
      readonly remainingMs: number;
    })
  /** To bidders of a sealed auction: open your bid now. */
  | (About & {
      readonly kind: "reveal-bid";
      readonly proposal: EnvelopeId;
      readonly remainingMs: number;
    })
  /** To plan verifiers. */
  | (About & {
      readonly kind: "judge-plan";
      readonly seat: number;
      readonly proposal: EnvelopeId;
      readonly worker: Did;
      readonly bid: OpenBid;
      readonly requester: Did;
      readonly body: NeedBody;
      readonly sealed: boolean;
      readonly remainingMs: number;
    })
  /** To the winner: claim. */
  | (About & { readonly kind: "award"; readonly price: Credits; readonly remainingMs: number })
  /** To the lease holder: work. */
  | (About & {
      readonly kind: "work";
      readonly revision: number;
      readonly requester: Did;
      readonly body: NeedBody;
      readonly remainingMs: number;
      readonly heartbeatMs: number;
    })
  /** To a worker whose lease ended otherwise than by its own COMMIT. */
  | (About & { readonly kind: "stop"; readonly reason: string })
  /** To the requester: reveal the preimage of drawHash. */
  | (About & { readonly kind: "reveal-draw"; readonly remainingMs: number })
  /** To result verifiers. */
  | (About & {
      readonly kind: "judge";
      readonly seat: number;
      readonly commit: EnvelopeId;
      readonly worker: Did;
      readonly artifact: Cid;
      readonly output?: unknown;
      readonly telemetry?: Readonly<Record<string, unknown>>;
      readonly requester: Did;
      readonly body: NeedBody;
      readonly sealed: boolean;
      readonly remainingMs: number;
    })
  | (About & {
      readonly kind: "reveal-vote";
      readonly question: Question;
      readonly seat: number;
      readonly remainingMs: number;
    })
  /** To the requester and all parties: the need has ended. */
  | (About & {
      readonly kind: "ended";
      readonly outcome: string;
      readonly worker?: Did;
      readonly artifact?: Cid;
      readonly output?: unknown;
      readonly paid: readonly Payment[];
    });

/** The leader's signed receipt: logged and committed at `seq` of `bucket`. */
export interface Ack {
  readonly kind: "ack";
  readonly envelope: EnvelopeId;
  readonly bucket: number;
  readonly seq: number;
  /** Hex hash of the record that holds it. */
  readonly head: string;
  /** For a NEED that repeats a key: the first need's id. */
  readonly first?: NeedId;
}
export interface Nack {
  readonly kind: "nack";
  readonly envelope: EnvelopeId;
  readonly code: RefusalCode;
  readonly detail?: string;
}
export type Receipt = Ack | Nack;
