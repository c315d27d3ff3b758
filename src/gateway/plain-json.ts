/** Values of the log as JSON: amounts are decimal strings of micro-credits, bytes are lower-case hex. */

import { hex } from "#envelope/cid.ts";

export const plainJson = (value: unknown): unknown => {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plainJson(one)]));
};
