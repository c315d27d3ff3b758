/** Notices as bytes between machines: amounts are widened again where a notice has them, nowhere else. */

import { decode, encode } from "#envelope/canonical.ts";
import type { Notice } from "./notices.ts";

export const encodeNotice = (notice: object): Uint8Array => encode(notice);

const wide = (amount: unknown): unknown => (typeof amount === "number" ? BigInt(amount) : amount);

const widened = (row: unknown, fields: readonly string[]): unknown => {
  const result = { ...(row as Record<string, unknown>) };
  for (const field of fields) if (field in result) result[field] = wide(result[field]);
  return result;
};

/** Bytes that a supervisor sent; what the requester and the worker said inside stays as it is. */
export const decodeNotice = (bytes: Uint8Array): Notice => {
  const notice = widened(decode(bytes), ["price"]) as Record<string, unknown>;
  if ("body" in notice) notice["body"] = widened(notice["body"], ["bounty", "verifyBounty"]);
  if ("bid" in notice) notice["bid"] = widened(notice["bid"], ["price"]);
  if (Array.isArray(notice["paid"]))
    notice["paid"] = notice["paid"].map((payment) => widened(payment, ["amount"]));
  return notice as unknown as Notice;
};
