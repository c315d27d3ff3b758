export type ChallengeCommand =
  | { readonly type: "requestBond" }
  | { readonly type: "resend"; readonly params: { readonly name: "challenge" | "resolve" } }
  | { readonly type: "resolveBond"; readonly params: { readonly upheld: boolean } }
  /** Tell the need thread. */
  | {
      readonly type: "report";
      readonly params: { readonly what: "opened" | "refused" | "upheld" | "rejected" };
    };
