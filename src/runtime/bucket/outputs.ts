/** What a record lets out once it is committed, and not before. */

import type { Told } from "./application.ts";

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
