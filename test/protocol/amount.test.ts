import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CREDITS_MAX, formatCredits, parseCredits } from "#protocol/amount.ts";

describe("an amount as text", () => {
  it("reads back, in its shortest form", () => {
    const amount = fc.oneof(
      fc.bigInt({ min: 0n, max: CREDITS_MAX }),
      fc.bigInt({ min: 0n, max: 3_000_000n }),
    );
    fc.assert(
      fc.property(amount, (given) => {
        const text = formatCredits(given);
        expect(parseCredits(text)).toBe(given);
        expect(text).not.toMatch(/\.$|\.\d*0$/);
      }),
    );
  });

  it.each([
    ["0", 0n],
    ["0.000001", 1n],
    ["2.5", 2_500_000n],
    ["2.500000", 2_500_000n],
    ["1000", 1_000_000_000n],
    ["9223372036854.775807", CREDITS_MAX],
  ])("%s is %s micro-credits", (text, micros) => {
    expect(parseCredits(text)).toBe(micros);
  });

  it.each([
    "",
    " ",
    "-1",
    "+1",
    "01",
    "00",
    ".5",
    "1.",
    "1.0000001",
    "1e3",
    "1,5",
    "0x1",
    "1 ",
    "NaN",
    "Infinity",
    "1\n",
    "٣",
    "9223372036854.775808",
    "99999999999999",
  ])("%j is no amount", (text) => {
    expect(parseCredits(text)).toBeUndefined();
  });

  it("shows a negative difference with a sign", () => {
    expect(formatCredits(-2_500_000n)).toBe("-2.5");
    expect(formatCredits(-1n)).toBe("-0.000001");
  });
});
