/** Where a need stands, in the words of protocol section 4. */

import type { NeedThreadContext } from "./need-thread.context.ts";

/**
 * The one name for a state's value, whatever it lies in. `revoking` is awarded or leased, while the lease is
 * being ended.
 */
export const stageOf = (state: {
  readonly value: unknown;
  readonly context: Pick<NeedThreadContext, "lease">;
}): string => {
  const { value, context } = state;
  const stage = nameOf(typeof value === "object" ? inner(value, "funded") : value);
  if (stage !== "revoking") return stage;
  return context.lease === undefined ? "awarded" : "leased";
};

const inner = (value: object | null, name: string): unknown =>
  value !== null && name in value ? (value as Record<string, unknown>)[name] : value;

const nameOf = (value: unknown): string =>
  typeof value === "object" && value !== null ? (Object.keys(value)[0] ?? "") : String(value);
