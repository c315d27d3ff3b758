export type LeaseCommand =
  /** Tell the winner to claim. */
  | { readonly type: "callForClaim" }
  | { readonly type: "requestBond" }
  | { readonly type: "resend"; readonly params: { readonly name: "bond" } }
  /** Tell the holder to work. */
  | { readonly type: "callForWork" }
  /** Tell the need thread; elapsed time is the actor's to compute from T and the grant. */
  | {
      readonly type: "ended";
      readonly params: {
        readonly reason: "missed_claim" | "bond_refused" | "yielded" | "released" | "revoked";
        readonly heartbeatsMissed: number;
        readonly yieldedLate: boolean;
      };
    };
