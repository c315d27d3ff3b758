/** A peer: something else that a user could pick to run a task of three steps. */

import type { Rates } from "./closed-loop.ts";

/** What it promises, in the words of its own documentation, as it is configured here. */
export interface Guarantees {
  readonly durable: string;
  readonly signed: string;
  /** Whether anybody but who did the work judges the result before it counts. */
  readonly verified: string;
  readonly exactlyOnce: string;
}

/** One task: sent, three steps done, and its result heard by who sent it. */
export type Task = (serial: number) => Promise<void>;

/** What was started is ended in the opposite order, also where the rest of the opening fails. */
export type Ends = AsyncDisposableStack;

interface Described {
  readonly name: string;
  /** The product with its version, and how it is set up. */
  readonly what: string;
  readonly guarantees: Guarantees;
}

export type Peer = Described &
  (
    | { readonly kind: "task"; readonly open: (ends: Ends) => Promise<Task> }
    /** It has an instrument of its own. */
    | { readonly kind: "own"; readonly measure: (seconds: number) => Promise<Rates> }
  );

export const NOTHING = "no";
