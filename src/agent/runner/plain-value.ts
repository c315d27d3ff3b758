/** Which JSON values can be inputs and outputs of needs. */

/** Levels of arrays and objects. What follows (canonical bytes) walks a value by recursion. */
export const VALUE_DEPTH_MAX = 128;

/** Why a value cannot enter the swarm: JSON admits 1e999 and any depth, canonical bytes do not. */
export const unfit = (value: unknown): string | undefined => {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > VALUE_DEPTH_MAX) return `is nested deeper than ${VALUE_DEPTH_MAX} levels`;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === "number" && !Number.isFinite(item)) return "holds a number without end";
      if (typeof item !== "object" || item === null) continue;
      for (const inner of Array.isArray(item) ? (item as unknown[]) : Object.values(item))
        next.push(inner);
    }
    level = next;
  }
  return undefined;
};
