import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { minifyHonestly } from "#cli/demo/agents/minify-worker.ts";
import { CHEATS, cheatOn } from "#cli/demo/cheats.ts";
import { chooseFiles } from "#cli/demo/files.ts";
import { closeTools, TOOLS, type Minified } from "#cli/demo/minifiers.ts";
import { demoJudge } from "./demo-judge.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const WANTED = 16;

interface Delivered {
  readonly path: string;
  readonly output: Minified;
}

let delivered: Delivered[] = [];
beforeAll(async () => {
  const { files } = await chooseFiles(ROOT, WANTED);
  const all = files.flatMap(({ path, absolute }) =>
    TOOLS.map(async (tool): Promise<Delivered[]> => {
      const input = { path, text: readFileSync(absolute, "utf8") };
      const output = await minifyHonestly(tool, input).catch(() => undefined);
      return output === undefined ? [] : [{ path, output }];
    }),
  );
  delivered = (await Promise.all(all)).flat();
}, 60_000);
afterAll(closeTools);

const asLines = (all: readonly Delivered[]): string =>
  all.map((one) => `${JSON.stringify(one)}\n`).join("");

test("whoever has the file and the declaration makes the same bytes, with every tool", async () => {
  expect(delivered.length).toBeGreaterThan((WANTED * TOOLS.length * 9) / 10);
  expect(new Set(delivered.map(({ output }) => output.tool)).size).toBe(TOOLS.length);
  expect(await demoJudge(["-"], asLines(delivered))).toEqual({
    code: 0,
    out: `${delivered.length} results, 0 differences\n`,
  });
}, 60_000);

test("an option that was used and not declared shows", async () => {
  const hidden = delivered
    .filter(({ output }) => output.options["module"] === true)
    .map(({ path, output }) => {
      const { module: _, ...options } = output.options;
      return { path, output: { ...output, options } };
    });
  expect(hidden.length).toBeGreaterThan(4);
  const { code, out } = await demoJudge(["-"], asLines(hidden));
  expect(code).toBe(1);
  expect(out).toMatch(/terser [\d.]+ makes other code\n/);
  expect(out).toMatch(/'import', and 'export' cannot be used outside of module code\n/);
}, 60_000);

describe("an audit of four cheats and two honest deliveries", () => {
  const entriesOf = (index: number, output: unknown, options: { paid: boolean; told: boolean }) => {
    const [need, artifact] = [`need-${index}`, cidOf(encode(output))];
    const key = delivered[index]!.path;
    const told = options.told ? { output } : {};
    return [
      { verb: "NEED", id: need, body: { key } },
      { verb: "COMMIT", body: { need, artifact, ...told } },
      ...(options.paid ? [{ verb: "FINALIZE", body: { need, artifact } }] : []),
    ];
  };
  const judged = (entries: readonly object[]) => {
    const dir = mkdtempSync(join(tmpdir(), "canswarm-judge-"));
    const file = join(dir, "audit.jsonl");
    writeFileSync(file, `${JSON.stringify({ kind: "record", view: { entries } })}\n`);
    return demoJudge([file]).finally(() => rmSync(dir, { recursive: true }));
  };
  const script = () => delivered.findIndex(({ output }) => /exports\.\w+=/.test(output.code));
  const lies = (paid: boolean) =>
    CHEATS.flatMap((cheat) => {
      const output = cheatOn(cheat, delivered[script()]!.output);
      return entriesOf(script(), output, { paid, told: true });
    });
  const honest = () => [
    ...entriesOf(0, delivered[0]!.output, { paid: true, told: true }),
    ...entriesOf(1, delivered[1]!.output, { paid: true, told: false }),
  ];

  test("finds each kind, and makes again what the file holds by its CID only", async () => {
    const { code, out } = await judged([...honest(), ...lies(false)]);
    expect(out).toMatch(/empty output +1 +1\nan export dropped +1 +1\none operator changed +1 +1/);
    expect(out).toMatch(/a false size +1 +1\n/);
    expect(out).toContain("2 FINALIZED artifacts recomputed, 0 differ; 4 cheats tried, 4 caught");
    expect(code).toBe(0);
  });

  test("a cheat that was paid is a difference", async () => {
    const paid = lies(true).slice(0, 3);
    const { code, out } = await judged([...honest(), ...paid]);
    expect(out).toContain("3 FINALIZED artifacts recomputed, 1 differ; 1 cheats tried, 0 caught");
    expect(code).toBe(1);
  });

  test("an artifact that no recipe makes is a difference, and nothing is nothing to praise", async () => {
    const own = { ...delivered[1]!.output, code: "1" };
    const unknown = entriesOf(1, own, { paid: true, told: false });
    expect(await judged(unknown)).toMatchObject({ code: 1 });
    expect(await judged([])).toMatchObject({ code: 1 });
  });
});
