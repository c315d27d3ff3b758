import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { FILES, ROOT, importsOf, resolveImport, sourceFiles, treeOf } from "./checkout.ts";
import { ROOTS, ROOT_FOLDERS } from "./roots.ts";

const roots = [...ROOTS, ...ROOT_FOLDERS.flatMap(sourceFiles)];

/** All files that are reached from `from`, by whatever names another file. */
const reach = (from: readonly string[], edges: (path: string) => readonly string[]) => {
  const seen = new Set<string>();
  const open = [...from];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    open.push(...edges(path));
  }
  return seen;
};

const edges = (path: string): readonly string[] =>
  !path.endsWith(".ts") || !existsSync(ROOT + path)
    ? []
    : importsOf(treeOf(path)).flatMap(({ specifier }) => {
        const target = resolveImport(path, specifier);
        return target === undefined ? [] : [target];
      });

it("lists roots that exist", () => {
  expect(ROOTS.filter((path) => !FILES.includes(path))).toEqual([]);
});

it("imports only files that exist", () => {
  const all = ["src", "test", "bench", "scripts"].flatMap(sourceFiles);
  const broken = all.flatMap((path) =>
    edges(path)
      .filter((target) => target.endsWith(".ts") && !existsSync(ROOT + target))
      .map((target) => `${path} -> ${target}`),
  );
  // Planted violations of test/tidy are texts, never imports, so nothing needs to be left out here.
  expect(broken).toEqual([]);
});

it("has no source file that nothing runs", () => {
  const alive = reach(roots, edges);
  expect(sourceFiles("src").filter((path) => !alive.has(path) && !path.endsWith(".d.ts"))).toEqual(
    [],
  );
});

it("would see a dead file", () => {
  const graph: Record<string, readonly string[]> = { a: ["b"], b: ["a"], c: ["a"] };
  expect([...reach(["a"], (path) => graph[path] ?? [])].sort()).toEqual(["a", "b"]);
});
