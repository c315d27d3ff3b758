/** A smaller version of a plan: some of its needs, some of its faults, less time. */

import type { Plan } from "./plan.ts";

/** What of a seed's plan is kept; what is left out is kept whole. Indices are those of the whole plan. */
export interface Selection {
  readonly needs?: readonly number[];
  readonly faults?: readonly number[];
  readonly safetyMs?: number;
}

const kept = <T>(items: readonly T[], indices: readonly number[] | undefined): readonly T[] =>
  indices === undefined ? items : items.filter((_, at) => indices.includes(at));

export const selected = (plan: Plan, { needs, faults, safetyMs }: Selection): Plan => ({
  ...plan,
  needs: kept(plan.needs, needs),
  faults: kept(plan.faults, faults),
  ...(safetyMs === undefined ? {} : { safetyMs }),
});

const RANGES = /^(\d{1,6}(-\d{1,6})?)(,\d{1,6}(-\d{1,6})?)*$/;

/** `3,7-9` → 3, 7, 8, 9; `none` → nothing. Undefined: it is no such list. */
export const indicesOf = (text: string): readonly number[] | undefined => {
  if (text === "none") return [];
  if (!RANGES.test(text)) return undefined;
  return text.split(",").flatMap((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  });
};

/** The shortest text that `indicesOf` reads as these, ascending. */
export const textOfIndices = (indices: readonly number[]): string => {
  const parts: string[] = [];
  for (let at = 0; at < indices.length; at += 1) {
    const from = indices[at] ?? 0;
    let to = from;
    while (indices[at + 1] === to + 1) {
      to += 1;
      at += 1;
    }
    parts.push(from === to ? `${from}` : `${from}-${to}`);
  }
  return parts.length === 0 ? "none" : parts.join(",");
};
