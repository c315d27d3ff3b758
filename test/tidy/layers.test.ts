import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { LAYERS, LAYER_NAMES } from "../../layers.config.ts";
import { ROOT, importsOf, parse, read, sourceFiles, treeOf } from "./checkout.ts";
import { layerViolations } from "./layer-rules.ts";

const files = sourceFiles("src");

it("finds the files it judges", () => {
  expect(files.length).toBeGreaterThan(50);
  const imports = files.flatMap((path) => importsOf(treeOf(path)));
  expect(imports.filter((one) => one.specifier.startsWith("#")).length).toBeGreaterThan(50);
});

it("sees no import that the layer table does not allow", () => {
  expect(files.flatMap((path) => layerViolations(path, importsOf(treeOf(path))))).toEqual([]);
});

it.each([
  ['import { x } from "#machines/x.ts"', "domain may not import machines"],
  ['import type { X } from "#machines/x.ts"', "domain may not import machines"],
  ['export * from "#cli/x.ts"', "domain may not import cli"],
  ['const x = await import("#sim/x.ts")', "domain may not import sim"],
  ['type X = import("#sim/x.ts").X', "domain may not import sim"],
  ['import.meta.resolve("#sim/x.ts")', "domain may not import sim"],
  ['import { x } from "../../protocol/words.ts"', "crosses a border without #"],
  ['import { x } from "xstate"', "package not in its list"],
  ['new URL("../../sim/x.ts", import.meta.url)', "crosses a border without #"],
  ['new URL("./thread.ts", import.meta.url)', "import.meta.resolve"],
  ['import { x } from "../../../scripts/x.ts"', "outside of src"],
])("catches a planted %s", (text, reason) => {
  const found = layerViolations("src/domain/ledger/planted.ts", importsOf(parse(text)));
  expect(found.join()).toContain(reason);
});

it("allows what the table allows", () => {
  const text = 'import { a } from "#protocol/words.ts"; import { b } from "../market/b.ts"';
  expect(layerViolations("src/domain/ledger/planted.ts", importsOf(parse(text)))).toEqual([]);
});

/** Runs the real lint configuration over planted files; the names of those it complains about. */
const lint = (planted: Readonly<Record<string, string>>): ReadonlySet<string> => {
  const folder = mkdtempSync(join(tmpdir(), "canswarm-lint-"));
  try {
    for (const name of ["oxlint.config.ts", "layers.config.ts", "package.json"]) {
      copyFileSync(join(ROOT, name), join(folder, name));
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const [path, text] of Object.entries(planted)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const oxlint = spawnSync(
      process.execPath,
      [join(ROOT, "node_modules/oxlint/bin/oxlint"), "--format", "unix"],
      { cwd: folder, encoding: "utf8" },
    );
    expect(oxlint.stdout).toMatch(/\d+ problems?/);
    return new Set(
      [...oxlint.stdout.matchAll(/^(src\/\S+?):\d+/gm)].map((match) => match[1] ?? ""),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

it("agrees with the linter about every pair of layers, at every depth", () => {
  const planted: Record<string, string> = {};
  const expected = new Set<string>();
  for (const from of LAYER_NAMES) {
    for (const to of LAYER_NAMES) {
      for (const folder of ["", "place/", "place/deep/"]) {
        const path = `src/${from}/${folder}to-${to}.ts`;
        planted[path] = `import { x } from "#${to}/place/x.ts";\nexport const y = x;\n`;
        if (from !== to && !LAYERS[from].mayImport.includes(to)) expected.add(path);
      }
    }
    for (const [folder, up] of [
      ["", "../"],
      ["place/", "../../"],
      ["place/deep/", "../../../"],
    ]) {
      const path = `src/${from}/${folder}climbs.ts`;
      planted[path] = `import { x } from "${up}envelope/x.ts";\nexport const y = x;\n`;
      expected.add(path);
    }
    const inside = `src/${from}/place/inside.ts`;
    planted[inside] = 'import { x } from "../other/x.ts";\nexport const y = x;\n';
  }
  const found = lint(planted);
  expect([...expected].filter((path) => !found.has(path))).toEqual([]);
  expect([...found].filter((path) => !expected.has(path))).toEqual([]);
});

it("agrees with the linter about hidden inputs", () => {
  const planted = Object.fromEntries(
    LAYER_NAMES.map((name) => [`src/${name}/now.ts`, "export const now = () => Date.now();\n"]),
  );
  const expected = LAYER_NAMES.filter((name) => LAYERS[name].inputs !== "world");
  expect([...lint(planted)].sort()).toEqual(expected.map((name) => `src/${name}/now.ts`).sort());
});

it("has one subpath import per layer", () => {
  const { imports } = JSON.parse(read("package.json")) as { imports: Record<string, string> };
  expect(imports).toEqual(
    Object.fromEntries(LAYER_NAMES.map((name) => [`#${name}/*.ts`, `./src/${name}/*.ts`])),
  );
});

it("is the table that ARCHITECTURE.md shows", () => {
  const rows = [...read("ARCHITECTURE.md").matchAll(/^\| `src\/(\w+)\/`\s*\|.*\|([^|]*)\|$/gm)];
  const shown = rows.map(([, name, cell]) => [
    name,
    [...(cell ?? "").matchAll(/`(\w+)`/g)].map((match) => match[1]).sort(),
  ]);
  expect(shown).toEqual(LAYER_NAMES.map((name) => [name, [...LAYERS[name].mayImport].sort()]));
});
