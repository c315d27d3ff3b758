import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { minifyHonestly } from "#cli/demo/agents/minify-worker.ts";
import { blend } from "#cli/demo/blend.ts";
import { closeTools, TOOLS } from "#cli/demo/minifiers.ts";
import { MUTANT_KINDS, sampleOf, tryMutants, type Accepted } from "#cli/demo/mutants.ts";

const file = {
  path: "a.js",
  text: `exports.sum = (first, second) => {
  if (first === undefined) return 0;
  const both = first + second;
  return both > 3 && both < 9 ? both : -both;
};
exports.name = "sum";
`,
};

let accepted: Accepted[] = [];
beforeAll(async () => {
  const outputs = await Promise.all([
    ...TOOLS.map((tool) => minifyHonestly(tool, file)),
    blend(file),
  ]);
  accepted = outputs.map((output) => ({ file, output }));
});
afterAll(closeTools);

describe("changed results", () => {
  test("are of every kind, and the verifier passes none that is not true", async () => {
    const rows = await tryMutants(accepted);
    expect(rows.map(({ kind }) => kind)).toEqual([...MUTANT_KINDS]);
    for (const { kind, tried, caught, same, missed } of rows) {
      expect(tried, kind).toBeGreaterThan(3);
      expect({ kind, missed, sum: caught + same }).toEqual({ kind, missed: 0, sum: tried });
    }
  });

  test("a verifier that looks at sizes only misses most of them, and that is counted", async () => {
    const rows = await tryMutants(accepted.slice(0, 1), async (_, output) => {
      const { code, bytesOut } = output as { readonly code: string; readonly bytesOut: number };
      const verdict = Buffer.byteLength(code) === bytesOut ? "pass" : "fail";
      return Promise.resolve({ verdict, reason: "" });
    });
    const missed = new Map(rows.map((row) => [row.kind, row.missed]));
    expect(missed.get("operator swapped")).toBeGreaterThan(3);
    expect(missed.get("recipe withheld")).toBe(3);
  });

  test("a sample is from all parts of the list, with all that came of the unknown tool", () => {
    const many = Array.from({ length: 90 }, (_, n) => ({
      ...accepted[n % accepted.length]!,
      file: { path: String(n), text: "" },
    }));
    const own = many.filter(({ output }) => output.tool === "blend").length;
    const sample = sampleOf(many, 10);
    expect(sample).toHaveLength(own + 10);
    expect(new Set(sample.map((one) => one.file.path)).size).toBe(sample.length);
    expect(sampleOf(accepted, 10)).toHaveLength(accepted.length);
  });
});
