/** Credits as people and JSON write them: decimal text with at most six places (protocol section 7). */

import type { Credits } from "./words.ts";

/** Micro-credits in one credit. */
export const MICROS_PER_CREDIT = 1_000_000n;
/** The largest amount: 2^63 − 1 micro-credits, so that every store can hold it. */
export const CREDITS_MAX: Credits = 0x7fff_ffff_ffff_ffffn;

const PLACES = 6;
const TEXT = /^(0|[1-9]\d{0,12})(?:\.(\d{1,6}))?$/;

/**
 * `"2.5"` → 2500000n. Undefined for anything but plain digits with at most six places, without sign,
 * exponent or leading zeros, and for amounts above CREDITS_MAX.
 */
export const parseCredits = (text: string): Credits | undefined => {
  const found = TEXT.exec(text);
  if (found === null) return undefined;
  const [, whole = "0", places = ""] = found;
  const micros = BigInt(whole) * MICROS_PER_CREDIT + BigInt(places.padEnd(PLACES, "0"));
  return micros <= CREDITS_MAX ? micros : undefined;
};

/** The shortest text that `parseCredits` reads back; a negative difference gets a minus sign. */
export const formatCredits = (amount: Credits): string => {
  const size = amount < 0n ? -amount : amount;
  const whole = size / MICROS_PER_CREDIT;
  const places = (size % MICROS_PER_CREDIT).toString().padStart(PLACES, "0").replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${whole}${places === "" ? "" : `.${places}`}`;
};
