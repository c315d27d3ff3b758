import { expect, it } from "vitest";
import { FILES, type Node, parse, read, sourceFiles, treeOf, visitNodes } from "./checkout.ts";

/** Lines of a file: 150 is the aim, 300 the sign to split by concept, this the end. */
const FILE_LINES_MAX = 500;
/** The formatter wraps code at 100 columns; a text or a comment may stand out by ten. */
const LINE_COLUMNS_MAX = 110;
/** A line that is nothing but one text, which no formatter can break. */
const ONE_TEXT = /^\s*(?:[\w.]+[:=]\s*)?(["'`]).*\1[,;]?$/;
/** A function fits a screen; its signature and closing lines are not counted against it. */
const FUNCTION_LINES_MAX = 75;

const FOLDERS_BANNED = ["utils", "util", "common", "helpers", "shared", "core", "lib", "types"];

const code = FILES.filter((path) => /\.(ts|mjs)$/.test(path));
const typescript = ["src", "test", "bench", "scripts"].flatMap((folder) => sourceFiles(folder));

it("keeps files short enough to read", () => {
  expect(code.length).toBeGreaterThan(50);
  const long = code.filter((path) => read(path).split("\n").length - 1 > FILE_LINES_MAX);
  expect(long).toEqual([]);
});

it("keeps lines short enough to read", () => {
  const wide = code.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, at) =>
        line.length > LINE_COLUMNS_MAX && !ONE_TEXT.test(line) ? [`${path}:${at + 1}`] : [],
      ),
  );
  expect(wide).toEqual([]);
});

const FUNCTIONS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ClassMethod",
  "PrivateMethod",
  "MethodProperty",
]);

interface Span {
  readonly start: number;
  readonly end: number;
}
const spanOf = (node: Node): Span =>
  (node["span"] ?? (node["function"] as { span: Span } | undefined)?.span) as Span;

/** Lines of each function's body. Offsets count bytes, and from where the parser itself began. */
const longFunctions = (text: string, tree: Node, linesMax: number): readonly number[] => {
  const bytes = Buffer.from(text);
  // The tree's own span starts at its first token, so offsets are taken relative to its end.
  const base = spanOf(tree).end - Buffer.byteLength(text.trimEnd());
  const lineAt = (offset: number): number =>
    bytes
      .subarray(0, Math.max(0, offset - base))
      .toString()
      .split("\n").length;
  const long: number[] = [];
  visitNodes(tree, (node) => {
    if (FUNCTIONS.has(node.type)) {
      const { start, end } = spanOf(node);
      const lines = lineAt(end) - lineAt(start) + 1;
      if (lines > linesMax) long.push(lines);
    }
    return undefined;
  });
  return long;
};

it("keeps functions on one screen", () => {
  const long = typescript
    .filter((path) => path.startsWith("src/"))
    .flatMap((path) =>
      longFunctions(read(path), treeOf(path), FUNCTION_LINES_MAX).map(
        (lines) => `${path}: a function of ${lines} lines`,
      ),
    );
  expect(long).toEqual([]);
});

it("sees a function that is too long", () => {
  const text = `// a comment first\nexport const f = () => {\n${"  a();\n".repeat(5)}};\n`;
  expect(longFunctions(text, parse(text), 6)).toEqual([7]);
  expect(longFunctions(text, parse(text), 7)).toEqual([]);
});

it("has no folder whose name says nothing", () => {
  const banned = FILES.filter((path) =>
    path
      .replace(/\.[a-z.]+$/, "")
      .split("/")
      .some((part) => FOLDERS_BANNED.includes(part)),
  );
  expect(banned).toEqual([]);
});

it("nests at most two levels under a layer", () => {
  const deep = sourceFiles("src").filter((path) => path.split("/").length > 5);
  expect(deep).toEqual([]);
});

it("names files in kebab-case", () => {
  const odd = typescript.filter((path) => !/^[a-z0-9/.-]+$/.test(path));
  expect(odd).toEqual([]);
});

it("leaves nothing unfinished behind", () => {
  const words = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);
  const unfinished = code.filter((path) => words.test(read(path)));
  expect(unfinished).toEqual([]);
});
