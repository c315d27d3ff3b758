/**
 * JSON with exactly one text per value, as the lines of an audit file are written: keys sorted by their
 * UTF-16 units, no spaces, numbers and texts as JSON.stringify writes them (RFC 8785). Bytes stand as
 * padded base64url.
 */

import { Buffer } from "node:buffer";

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

const BASE64_GROUP = 4;

/** Base64url with its padding. */
export const base64url = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
  return text.padEnd(Math.ceil(text.length / BASE64_GROUP) * BASE64_GROUP, "=");
};

/** Undefined for anything but the one text that `base64url` writes. */
export const bytesOf = (text: unknown): Uint8Array | undefined => {
  if (typeof text !== "string") return undefined;
  const bytes = new Uint8Array(Buffer.from(text, "base64url"));
  return base64url(bytes) === text ? bytes : undefined;
};

export const canonicalJson = (value: Json): string => {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) {
    const items: readonly Json[] = value;
    return `[${items.map(canonicalJson).join(",")}]`;
  }
  const fields = value as Readonly<Record<string, Json>>;
  const pairs = Object.keys(fields)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(fields[key] ?? null)}`);
  return `{${pairs.join(",")}}`;
};
