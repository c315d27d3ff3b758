/** State as it is hashed: one form for one content, whatever the order in which it was built. */

/** Maps and Sets as sorted lists, undefined left out, numbers that are no integers kept as floats. */
export const canonicalPlain = (value: unknown): unknown => {
  if (value instanceof Map) {
    const pairs = [...value].map(([k, v]) => [canonicalPlain(k), canonicalPlain(v)] as const);
    return pairs.sort((a, b) => compareText(String(a[0]), String(b[0])));
  }
  if (value instanceof Set)
    return [...value].map(canonicalPlain).sort((a, b) => compareText(String(a), String(b)));
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(canonicalPlain);
  if (value !== null && typeof value === "object") {
    const out: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value))
      if (inner !== undefined) out[key] = canonicalPlain(inner);
    return out;
  }
  return value === undefined ? null : value;
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
