/** Which JSON values can be inputs and outputs of needs. */

/**
 * Levels of arrays and objects. Canonical bytes have at most 128, and an envelope, a log entry and a
 * state each put some of their own around a value.
 */
export const VALUE_DEPTH_MAX = 64;

const LONE_SURROGATE = "holds text that is not Unicode: a lone surrogate";

/** Why a value cannot enter the swarm: JSON admits 1e999, half a character and any depth. */
export const unfit = (value: unknown): string | undefined => {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > VALUE_DEPTH_MAX) return `is nested deeper than ${VALUE_DEPTH_MAX} levels`;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === "string" && !item.isWellFormed()) return LONE_SURROGATE;
      if (typeof item === "number" && !Number.isFinite(item)) return "holds a number without end";
      if (typeof item !== "object" || item === null) continue;
      const isList = Array.isArray(item);
      if (!isList && !Object.keys(item).every((key) => key.isWellFormed())) return LONE_SURROGATE;
      for (const inner of isList ? (item as unknown[]) : Object.values(item)) next.push(inner);
    }
    level = next;
  }
  return undefined;
};
