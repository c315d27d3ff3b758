import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOf, tokensMax, usageOf, type Message } from "#agent/llm/usage.ts";

const messages: Message[] = [
  { role: "system", content: "s".repeat(400) },
  { role: "user", content: "ü".repeat(200) },
];
const most = tokensMax(messages, 1_000);
const of = (reported: unknown, answerBytes = 400) => usageOf(reported, messages, answerBytes, most);

describe("tokens", () => {
  test("are at most the bytes of the texts and their frames", () => {
    expect(most).toEqual({ input: 800 + 256 + 2 * 16, output: 1_000 });
  });

  test("are believed where they can be true", () => {
    expect(of({ prompt_tokens: 210, completion_tokens: 100 })).toEqual({
      tokens: { input: 210, output: 100 },
      from: "reported",
    });
  });

  test.each([[undefined], [null], ["many"]])("are estimated where the server says %j", (said) => {
    expect(of(said)).toEqual({ tokens: { input: 200, output: 100 }, from: "estimated" });
  });

  test.each<[string, unknown, unknown]>([
    ["more input than there are bytes", 1_089, 100],
    ["more output than was allowed", 210, 1_001],
    ["no input", 0, 100],
    ["no output for 400 bytes", 210, 0],
    ["too little for 400 bytes", 210, 3],
    ["a negative number", -1, 100],
    ["a part of a token", 210, 1.5],
    ["texts", "210", "100"],
    ["nothing of the answer", 210, undefined],
  ])("are doubted with %s", (_, prompt_tokens, completion_tokens) => {
    expect(of({ prompt_tokens, completion_tokens })).toEqual({
      tokens: { input: 200, output: 100 },
      from: "doubted",
    });
  });
});

describe("cost", () => {
  test("is rounded up to a whole millionth", () => {
    const prices = { input: 150_000n, output: 600_000n };
    expect(costOf({ input: 1, output: 0 }, prices)).toBe(1n);
    expect(costOf({ input: 1_000_000, output: 1_000_000 }, prices)).toBe(750_000n);
    expect(costOf({ input: 5, output: 5 }, undefined)).toBe(0n);
  });

  test("of what was used is never above that of the worst case", () => {
    const price = fc.bigInt({ min: 0n, max: 10n ** 9n });
    const count = fc.nat({ max: 5_000 });
    fc.assert(
      fc.property(count, count, count, price, price, (input, output, bytes, a, b) => {
        const { tokens } = of({ prompt_tokens: input, completion_tokens: output }, bytes);
        const prices = { input: a, output: b };
        expect(costOf(tokens, prices) <= costOf(most, prices)).toBe(true);
      }),
    );
  });
});
