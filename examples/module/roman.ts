/** Roman numerals, written and read back. */

const SIGNS = [
  [1000, "M"],
  [900, "CM"],
  [500, "D"],
  [400, "CD"],
  [100, "C"],
  [90, "XC"],
  [50, "L"],
  [40, "XL"],
  [10, "X"],
  [9, "IX"],
  [5, "V"],
  [4, "IV"],
  [1, "I"],
] as const;

export const write = (n: number): string => {
  let text = "";
  for (const [value, sign] of SIGNS) for (; n >= value; n -= value) text += sign;
  return text;
};

const VALUES: Readonly<Record<string, number>> = {
  I: 1,
  V: 5,
  X: 10,
  L: 50,
  C: 100,
  D: 500,
  M: 1000,
};

/** Reads sign by sign, without the table that `write` uses. */
export const read = (text: string): number => {
  const values = [...text].map((sign) => VALUES[sign] ?? NaN);
  return values.reduce((sum, value, n) => sum + (value < (values[n + 1] ?? 0) ? -value : value), 0);
};
