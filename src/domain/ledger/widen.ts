/**
 * Amounts after a codec that does not tell small integers from large ones (DAG-CBOR reads both as a
 * number where it is exact): every field that is money becomes a bigint again, by its name.
 */

/** Fields that hold credits, wherever they stand in the data of ledger and registry. */
const CREDIT_FIELDS: ReadonlySet<string> = new Set([
  "amount",
  "bounty",
  "burned",
  "exposure",
  "minted",
  "price",
  "rest",
  "stake",
]);

const widened = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(widened);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      CREDIT_FIELDS.has(name) && typeof field === "number" ? BigInt(field) : widened(field),
    ]),
  );
};

/** A deep copy of plain data with its money as bigint. */
export const widenCredits = <T>(plain: T): T => widened(plain) as T;
