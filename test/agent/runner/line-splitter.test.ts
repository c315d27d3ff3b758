import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter } from "#agent/runner/line-splitter.ts";

const split = (chunks: readonly Buffer[], bytesMax: number) => {
  const lines: string[] = [];
  let tooLong = 0;
  const splitter = new LineSplitter(
    bytesMax,
    (line) => lines.push(line),
    () => (tooLong += 1),
  );
  for (const chunk of chunks) splitter.push(chunk);
  return { lines, tooLong };
};

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const points = [0, ...at.map((n) => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return points.slice(1).map((to, n) => bytes.subarray(points[n], to));
};

describe("lines of a stream", () => {
  test("are the same however the stream is cut, inside a character too", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((s) => s.replace(/\n/g, ""));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, at) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        expect(split(cut(bytes, at), 1_000).lines).toEqual(lines.filter((text) => text.trim()));
      }),
    );
  });

  test("a line without its end is not a line", () => {
    expect(split([Buffer.from("a\nb")], 10).lines).toEqual(["a"]);
  });

  test.each([1, 3, 100])("one above the limit ends it, told once (chunks of %d)", (size) => {
    const bytes = Buffer.from(`1234\n12345\n1\n${"x".repeat(50)}`);
    const at = Array.from({ length: Math.floor(bytes.length / size) }, (_, n) => n * size);
    expect(split(cut(bytes, at), 4)).toEqual({ lines: ["1234"], tooLong: 1 });
  });
});
