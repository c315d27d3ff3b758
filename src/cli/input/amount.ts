/** Credits as people write them: decimal strings with at most 6 places; micro-credits inside. */

import type { Credits } from "#protocol/words.ts";

const MICRO = 1_000_000n;
const PLACES = 6;
const AMOUNT = /^(0|[1-9]\d{0,12})(?:\.(\d{1,6}))?$/;

/** All that a genesis can mint: 10^12 credits. No amount of an input file can be more. */
export const AMOUNT_MAX: Credits = 10n ** 12n * MICRO;

/** Undefined where the text is no amount: a sign, an exponent, more than 6 places, too much. */
export const parseAmount = (text: string): Credits | undefined => {
  const match = AMOUNT.exec(text);
  if (match === null) return undefined;
  const [, whole, places = ""] = match;
  const amount = BigInt(whole!) * MICRO + BigInt(places.padEnd(PLACES, "0"));
  return amount <= AMOUNT_MAX ? amount : undefined;
};

/** The shortest decimal string of an amount; `parseAmount` gives it back. */
export const formatAmount = (amount: Credits): string => {
  const sign = amount < 0n ? "-" : "";
  const size = amount < 0n ? -amount : amount;
  const places = (size % MICRO).toString().padStart(PLACES, "0").replace(/0+$/, "");
  return `${sign}${size / MICRO}${places === "" ? "" : `.${places}`}`;
};
