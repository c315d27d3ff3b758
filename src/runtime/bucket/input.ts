/** What comes into a turn, and its name: by it tries are counted and dead letters are remembered. */

import { encode } from "#envelope/canonical.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import type { Admitted } from "./application.ts";

export type TurnInput =
  | {
      readonly kind: "envelope";
      readonly admitted: Admitted;
      /** Where it came from; absent in replay. */
      readonly connection?: number;
      /** In whose lane it waited (host/inbox.ts); absent in replay. */
      readonly lane?: string;
    }
  | {
      readonly kind: "ask";
      readonly from: number;
      readonly number: number;
      readonly floor: number;
      readonly payload: unknown;
    }
  | {
      readonly kind: "answer";
      readonly from: number;
      readonly number: number;
      readonly payload: unknown;
    }
  | { readonly kind: "given"; readonly verb: string; readonly body: unknown };

/** Hex digits that tell one given entry from another. */
const GIVEN_NAME_DIGITS = 16;

export const nameOfInput = (bucket: number, input: TurnInput): string => {
  switch (input.kind) {
    case "envelope":
      return input.admitted.signed.id;
    case "ask":
      return `ask:${input.from}:${input.number}`;
    case "answer":
      return `answer:${bucket}:${input.number}`;
    case "given": {
      const digest = hex(sha256(encode([input.verb, input.body]))).slice(0, GIVEN_NAME_DIGITS);
      return `given:${bucket}:${input.verb}:${digest}`;
    }
    default:
      return input satisfies never;
  }
};
