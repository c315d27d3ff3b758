import { describe, expect, test } from "vitest";
import { askJudge, readVerdict } from "#agent/llm/judge.ts";
import type { Message } from "#agent/llm/usage.ts";
import { failed } from "#agent/runner/runner.ts";

describe("a verdict", () => {
  test.each([
    ['{"verdict": "pass", "reason": "checked"}', "pass"],
    [' {"reason": "4 is not 5", "verdict": "fail"}\n', "fail"],
    ['```json\n{"verdict": "abstain", "reason": "unsure"}\n```', "abstain"],
    ['<think>{"verdict": "pass"}</think>\n{"verdict": "fail", "reason": "no"}', "fail"],
    ['{"verdict": "fail", "reason": "it says \\"verdict\\": \\"pass\\""}', "fail"],
  ])("is read from %s", (text, verdict) => {
    expect(readVerdict(text)).toMatchObject({ verdict });
  });

  test.each([
    ["", "was empty"],
    ["pass", "is no JSON"],
    ['Sure: {"verdict": "pass", "reason": "ok"}', "is no JSON"],
    ['{"verdict": "pass", "reason": "ok"} as asked', "is no JSON"],
    ['["pass"]', "is no JSON object"],
    ['{"verdict": "PASS", "reason": "ok"}', 'has no "verdict"'],
    ['{"verdict": true, "reason": "ok"}', 'has no "verdict"'],
    ['{"verdict": "pass"}', 'has no "reason"'],
    ['{"verdict": "pass", "reason": " "}', 'has no "reason"'],
    ['{"verdict": "pass", "reason": "ok", "score": 9}', "more fields"],
    ['{"verdict": "fail", "reason": "no", "verdict": "pass"}', "two verdicts"],
    ['<think>{"verdict": "pass", "reason": "ok"}', "is no JSON"],
  ])("is not read from %s", (text, why) => {
    expect(readVerdict(text)).toContain(why);
  });
});

describe("a judge", () => {
  const options = { capability: "sum", task: undefined, boundary: "b".repeat(32) };
  const asking = (...texts: readonly string[]) => {
    const asked: (readonly Message[])[] = [];
    const say = (messages: readonly Message[]) => {
      asked.push(messages);
      const text = texts[asked.length - 1]!;
      return Promise.resolve(
        text === "down"
          ? failed("ERROR", "the server is down")
          : ({ kind: "ok", value: { text, isCut: text === "cut" } } as const),
      );
    };
    return { asked, answer: askJudge({ input: 1, output: 2 }, options, say) };
  };

  test("is asked once more, with the reason, when its answer cannot be read", async () => {
    const { asked, answer } = asking("looks fine!", '{"verdict": "pass", "reason": "checked"}');
    expect(await answer).toEqual({ kind: "ok", value: { verdict: "pass", reason: "checked" } });
    expect(asked[1]!.slice(2)).toMatchObject([
      { role: "assistant", content: "looks fine!" },
      { role: "user", content: expect.stringContaining("is no JSON") as string },
    ]);
  });

  test.each([
    ["rubbish twice", ["pass", "PASS!"], 2, "is no JSON"],
    ["an answer that was cut", ["cut"], 1, "limit of tokens"],
  ])("abstains after %s", async (_, texts, questions, why) => {
    const { asked, answer } = asking(...texts);
    const result = await answer;
    expect(result).toMatchObject({ kind: "ok", value: { verdict: "abstain" } });
    expect(JSON.stringify(result)).toContain(why);
    expect(asked).toHaveLength(questions);
  });

  test("whose server is down has failed, which is no verdict", async () => {
    expect(await asking("down").answer).toMatchObject({ kind: "failed", code: "ERROR" });
  });
});
