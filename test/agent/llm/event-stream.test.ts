import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventStream } from "#agent/llm/event-stream.ts";

const read = (chunks: readonly Uint8Array[], charsMax = 1_000) => {
  const told: string[] = [];
  const events = new EventStream(charsMax, (data) => {
    told.push(data);
    return data === "stop" ? "enough" : "more";
  });
  let last = "more";
  for (const chunk of chunks) {
    last = events.push(chunk);
    if (last !== "more") break;
  }
  return { told, last };
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an event stream", () => {
  test.each([
    ["data: a\n\n", ["a"]],
    ["data:a\r\n\r\ndata:  b\r\n\r\n", ["a", " b"]],
    ["data: a\ndata: b\n\n", ["a\nb"]],
    [": comment\nevent: x\nid: 5\n\ndata: a\n\n", ["a"]],
    ["\n\n\ndata: a\n\n\n", ["a"]],
    ["data: never ended", []],
    ["data: stop\n\ndata: more\n\n", ["stop"]],
  ])("%j tells %j", (text, told) => {
    expect(read([bytes(text)]).told).toEqual(told);
  });

  test("tells the same wherever its bytes are cut", () => {
    const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 8 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat({ max: 400 }), { maxLength: 8 }), (list, cuts) => {
        const lines = list.map((one) => one.replace(/[\r\n]/g, "").replace("stop", ""));
        const all = bytes(lines.map((line) => `data: ${line}\n\n`).join(""));
        const places = [
          0,
          ...cuts.filter((at) => at < all.length).sort((a, b) => a - b),
          all.length,
        ];
        const chunks = places.slice(1).map((to, n) => all.subarray(places[n], to));
        expect(read(chunks).told).toEqual(lines);
      }),
    );
  });

  test.each(["x".repeat(2_000), "data: x\n".repeat(200)])(
    "never holds more than its limit",
    (text) => {
      expect(read([bytes(text)]).last).toBe("too long");
    },
  );
});
