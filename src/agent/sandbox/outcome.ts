/** What comes of running somebody's code: a value, never an exception. */

export type Tier = "T0" | "T1" | "T2";
export const TIERS: readonly Tier[] = ["T0", "T1", "T2"];

export type StopReason =
  /** It ran longer than its time. */
  | "TIME"
  /** It wanted more memory than its limit. */
  | "MEMORY"
  /** It printed or returned more than its limit. */
  | "OUTPUT"
  /** T0: its instructions are used up. */
  | "FUEL"
  /** Its calls went too deep. */
  | "STACK"
  /** T0: the module is, or does, something that is not allowed or not known. */
  | "REFUSED";

export type Outcome =
  | {
      readonly kind: "ok";
      readonly stdout: string;
      /** T1: the last value as JSON text, where it has one. T0: what the function returned. */
      readonly value?: string;
      /** T0: instructions paid for. */
      readonly fuel?: bigint;
    }
  /** We ended it, or did not let it begin. */
  | { readonly kind: "stopped"; readonly why: StopReason; readonly detail: string }
  /** It ended by itself and not well: an exception, a trap, an exit code other than 0. */
  | { readonly kind: "failed"; readonly detail: string; readonly stdout: string }
  /** The tier is not on this machine: nothing was run. */
  | { readonly kind: "absent"; readonly detail: string };

export const stopped = (why: StopReason, detail: string): Outcome => ({
  kind: "stopped",
  why,
  detail,
});
