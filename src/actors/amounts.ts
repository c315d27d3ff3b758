/** Amounts come out of DAG-CBOR as numbers where they are small: widened to bigint, by field name. */

const AMOUNTS = new Set(["amount", "bounty", "verifyBounty", "exposure", "price", "bond"]);

/** What has nothing to be widened is given back as it is: nobody may change what it comes from, or it. */
export const widenAmounts = (value: unknown): unknown => {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) {
    const wide = value.map(widenAmounts);
    return wide.some((one, at) => one !== value[at]) ? wide : value;
  }
  const given = value as Readonly<Record<string, unknown>>;
  let wide: Record<string, unknown> | undefined;
  for (const key of Object.keys(given)) {
    const inner = given[key];
    const isNarrow = typeof inner === "number" && AMOUNTS.has(key);
    const widened = isNarrow ? BigInt(inner) : widenAmounts(inner);
    if (widened !== inner) (wide ??= { ...given })[key] = widened;
  }
  return wide ?? value;
};
