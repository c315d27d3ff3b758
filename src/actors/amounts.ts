/** Amounts come out of DAG-CBOR as numbers where they are small: widened to bigint, by field name. */

const AMOUNTS = new Set(["amount", "bounty", "verifyBounty", "exposure", "price", "bond"]);

export const widenAmounts = (value: unknown): unknown => {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(widenAmounts);
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner: unknown = (value as Record<string, unknown>)[key];
    out[key] = AMOUNTS.has(key) && typeof inner === "number" ? BigInt(inner) : widenAmounts(inner);
  }
  return out;
};
