/** What a record lets out once it is committed, and not before. */

import type { SignedEnvelope } from "#envelope/envelope.ts";
import type { Refused, Told } from "./application.ts";

export interface Receipt {
  readonly to: string;
  readonly envelope: string;
  readonly answer:
    | {
        readonly kind: "ack";
        readonly position: number;
        readonly record: number;
        readonly extra?: object;
      }
    | { readonly kind: "nack"; readonly code: string; readonly detail?: string };
}

/** A transport error: of somebody unknown, so it goes to where the bytes came from and is not signed. */
export interface Rejection {
  readonly connection: number;
  readonly signed: SignedEnvelope;
  readonly refused: Refused;
}

export interface OutgoingAsk {
  readonly to: number;
  readonly number: number;
  readonly floor: number;
  readonly payload: unknown;
}

export interface OutgoingAnswer {
  readonly to: number;
  readonly number: number;
  readonly payload: unknown;
}

export interface Publication {
  readonly revision: number;
  readonly hash: string;
  readonly document: Uint8Array;
}

export interface Outputs {
  readonly receipts: Receipt[];
  readonly rejections: Rejection[];
  readonly told: Told[];
  readonly asks: OutgoingAsk[];
  /** Numbers of asks that nobody waits for any more: their actor has stopped. */
  readonly givenUp: number[];
  readonly answers: OutgoingAnswer[];
  readonly publications: Publication[];
  readonly decides: string[];
  readonly undecides: string[];
}

export const noOutputs = (): Outputs => ({
  receipts: [],
  rejections: [],
  told: [],
  asks: [],
  givenUp: [],
  answers: [],
  publications: [],
  decides: [],
  undecides: [],
});

/** `more` leaves behind what `outputs` holds of its kind. */
export const joined = (outputs: Outputs, { asks = [], told = [] }: Partial<Outputs>): Outputs => ({
  ...outputs,
  asks: [...outputs.asks, ...asks],
  told: [...outputs.told, ...told],
});
