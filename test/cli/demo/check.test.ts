import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { minifyHonestly } from "#cli/demo/agents/minify-worker.ts";
import { CHEATS, cheatOn } from "#cli/demo/cheats.ts";
import { checkMinified, type Means } from "#cli/demo/check.ts";
import { chooseFiles, describeChoice, type Choice } from "#cli/demo/files.ts";
import {
  allowedOptions,
  closeTools,
  isModule,
  minify,
  TOOLS,
  versionOf,
  type Minified,
  type SourceFile,
  type Tool,
} from "#cli/demo/minifiers.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Enough for every class of file below. */
const WANTED = 24;
let choice: Choice;
let sources: SourceFile[];

const honest = new Map<string, Promise<Minified | undefined>>();
/** Undefined where the tool cannot read the file. Each is made once. */
const honestOf = (tool: Tool, file: SourceFile): Promise<Minified | undefined> => {
  const key = `${tool} ${file.path}`;
  const made = honest.get(key) ?? minifyHonestly(tool, file).catch(() => undefined);
  honest.set(key, made);
  return made;
};

beforeAll(async () => {
  choice = await chooseFiles(ROOT, WANTED);
  sources = choice.files.map(({ path, absolute }) => ({
    path,
    text: readFileSync(absolute, "utf8"),
  }));
});
afterAll(closeTools);

describe("the choice of files", () => {
  test("is by sha256(path), of 1 to 60 KB, and the same each time", async () => {
    const { files } = choice;
    expect(files.length).toBe(WANTED);
    expect(files.map(({ order }) => order)).toEqual(files.map(({ order }) => order).sort());
    for (const { path, bytes } of files) {
      expect(path).toMatch(/^node_modules\/.+\.[cm]?js$/);
      expect(bytes).toBeGreaterThanOrEqual(1024);
      expect(bytes).toBeLessThanOrEqual(60 * 1024);
    }
    expect(await chooseFiles(ROOT, 5)).toEqual({
      ...choice,
      files: files.slice(0, 5),
      skipped: expect.any(Array) as unknown,
    });
  });

  test("is printed with its order, and what was skipped", () => {
    const skipped = [{ path: "node_modules/x.js", why: "odd" }];
    const text = describeChoice({ ...choice, skipped }, 1_000);
    const lines = text.split("\n");
    expect(lines.length).toBe(1 + WANTED / 2 + 1);
    expect(lines[0]).toContain(`first ${WANTED} of ${choice.candidates.toLocaleString("en-US")}`);
    expect(lines.at(-1)).toContain("skipped node_modules/x.js: no minifier accepts it (odd)");
    for (const { order } of choice.files) expect(text).toContain(`  ${order.slice(0, 8)} `);
  });
});

test.each([60, 80, 120])("the list fits %i columns; a path is cut at its start", (width) => {
  const path = `node_modules/${"long/".repeat(30)}name.js`;
  const long = { ...choice.files[0]!, path };
  const skipped = [{ path, why: "it is odd in many words, which is no reason to wrap" }];
  const text = describeChoice({ ...choice, files: [...choice.files, long], skipped }, width);
  const lines = text.split("\n").slice(1);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
  expect(lines.filter((line) => line.endsWith("/name.js"))).toHaveLength(1);
});

describe("an honest delivery", () => {
  test.each(TOOLS)("of %s passes on every file that the tool accepts", async (tool) => {
    let passed = 0;
    for (const file of sources) {
      const output = await honestOf(tool, file);
      if (output === undefined) continue;
      expect(await checkMinified(file, output)).toMatchObject({ verdict: "pass" });
      passed += 1;
    }
    expect(passed).toBeGreaterThanOrEqual(WANTED - 4);
  });

  test("may use any allowed options, in any order of their keys", async () => {
    const file = sources[0]!;
    for (const tool of TOOLS)
      for (const allowed of allowedOptions(tool, file)) {
        const honest = await minifyHonestly(tool, file);
        const code = await minify(tool, allowed, file.text);
        const options = Object.fromEntries(Object.entries(allowed).reverse());
        const output = { ...honest, options, code, bytesOut: Buffer.byteLength(code) };
        expect(await checkMinified(file, output)).toMatchObject({ verdict: "pass" });
      }
  });
});

/** What the tool's honest result was: it gives the same bytes each time, as is shown above. */
const remembered = (file: SourceFile): Means => ({
  again: async (tool, options) => {
    const output = await honestOf(tool, file);
    if (output === undefined) throw new Error("it cannot read the file");
    expect(options).toEqual(output.options);
    return output.code;
  },
  probe: () => Promise.reject(new Error("the tool is known")),
});

/** The outermost names of a script would be changed as well. */
const FOR_A_MODULE = { compress: true, mangle: true, module: true };

describe("a cheat", () => {
  const CLASSES: readonly [string, (file: SourceFile) => boolean][] = [
    ["a small script", (file) => !isModule(file) && file.text.length <= 4096],
    ["a small module", (file) => isModule(file) && file.text.length <= 4096],
    ["a middle script", (file) => !isModule(file) && file.text.length > 4096],
    ["a large file", (file) => file.text.length > 12_288],
  ];

  test.each(CHEATS.flatMap((cheat) => CLASSES.map(([name, fits]) => [cheat, name, fits] as const)))(
    "%s in %s is caught, whichever tool it hides behind",
    async (cheat, _, fits) => {
      let tried = 0;
      for (const file of sources.filter(fits))
        for (const tool of TOOLS) {
          const output = await honestOf(tool, file);
          const lie = output === undefined ? undefined : cheatOn(cheat, output);
          if (lie === undefined) continue;
          expect(lie).not.toEqual(output);
          const verdict = checkMinified(file, lie, remembered(file));
          expect(await verdict).toMatchObject({ verdict: "fail" });
          tried += 1;
        }
      expect(tried).toBeGreaterThan(0);
    },
  );

  test.each<[string, (honest: Minified) => unknown, string]>([
    ["another version", (h) => ({ ...h, version: "0.0.1" }), "pinned"],
    [
      "options that drop code",
      (h) => ({ ...h, options: { ...h.options, drop: ["console"] } }),
      "not allowed",
    ],
    [
      "the options of a module for a script",
      (h) => ({ ...h, tool: "swc", version: versionOf("swc"), options: FOR_A_MODULE }),
      "not allowed for this file",
    ],
    ["no options", (h) => ({ ...h, options: {} }), "not allowed"],
    [
      "options it did not use",
      (h) => ({ ...h, options: allowedOptions("esbuild", sources[0]!)[1] }),
      "other bytes",
    ],
    ["a false bytesIn", (h) => ({ ...h, bytesIn: h.bytesIn + 1 }), "bytesIn"],
    ["a size as text", (h) => ({ ...h, bytesOut: String(h.bytesOut) }), "bytesOut"],
    [
      "one byte more",
      (h) => ({ ...h, code: `${h.code} `, bytesOut: h.bytesOut + 1 }),
      "other bytes",
    ],
    ["no code", ({ code: _, ...h }) => h, "fields"],
    ["nothing", () => ({}), "fields"],
    ["null", () => null, "fields"],
    ["a field more", (h) => ({ ...h, note: "trust me" }), "fields"],
    ["code that is no text", (h) => ({ ...h, code: 1 }), "fields"],
  ])("that declares %s fails with the reason", async (_, change, reason) => {
    const file = sources[0]!;
    const judged = await checkMinified(file, change(await minifyHonestly("esbuild", file)));
    expect(judged.verdict).toBe("fail");
    expect(judged.reason).toContain(reason);
  });

  test.each(["tool", "version", "options"])(
    "or an honest worker that withholds its %s is never passed: nobody could make it again",
    async (name) => {
      const file = sources[0]!;
      const honest = Object.entries(await minifyHonestly("esbuild", file));
      const output = Object.fromEntries(honest.filter(([key]) => key !== name));
      const asked: string[] = [];
      const means = {
        again: () => Promise.reject(new Error("again")),
        probe: (_: SourceFile, code: string) => {
          asked.push(code);
          return Promise.resolve({ verdict: "pass", reason: "" } as const);
        },
      };
      expect((await checkMinified(file, output, means)).verdict).toBe("abstain");
      expect(asked).toEqual([]);
    },
  );

  test("on a file that the declared tool cannot read fails", async () => {
    const honest = await minifyHonestly("esbuild", sources[0]);
    const broken = { path: "a.js", text: "let let = (" };
    const output = { ...honest, bytesIn: Buffer.byteLength(broken.text) };
    expect((await checkMinified(broken, output)).reason).toContain("does not accept");
  });
});
