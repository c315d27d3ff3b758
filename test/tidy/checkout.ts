/** The checkout as the house rules see it: its files, and what each TypeScript file says. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "@swc/core";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const SKIPPED = new Set([".git", "node_modules", "dist", ".cache", "canswarm-data"]);

const walk = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (SKIPPED.has(name)) return [];
    return statSync(join(ROOT, path)).isDirectory() ? walk(path) : [path];
  });

/** Everything that is committed or would be; an unpacked copy without git is walked instead. */
const listFiles = (): string[] => {
  if (!existsSync(join(ROOT, ".git"))) return walk("");
  const out = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(out.split("\0"))].filter((path) => path !== "" && existsSync(ROOT + path));
};

export const FILES: readonly string[] = listFiles().sort();

export const sourceFiles = (folder: string): readonly string[] =>
  FILES.filter((path) => path.startsWith(`${folder}/`) && path.endsWith(".ts"));

export const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** A node of the syntax tree, seen as plain data. */
export interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { type?: unknown }).type === "string";

const childrenOf = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null ? Object.values(value) : [];
};

export const parse = (text: string): Node =>
  parseSync(text, { syntax: "typescript", target: "esnext" }) as unknown as Node;

/** Calls `visit` for each node, parents first; `visit` returns the keys it does not want entered. */
export const visitNodes = (
  value: unknown,
  visit: (node: Node) => readonly string[] | undefined,
): void => {
  if (!isNode(value)) {
    for (const child of childrenOf(value)) visitNodes(child, visit);
    return;
  }
  const skipped = visit(value);
  for (const [key, child] of Object.entries(value)) {
    if (skipped === undefined || !skipped.includes(key)) visitNodes(child, visit);
  }
};

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** `import.meta.resolve("#…")`: how a thread's entry is named. */
  readonly how: "import" | "dynamic" | "resolve" | "url";
}

const textOf = (value: unknown): string | undefined =>
  isNode(value) && value.type === "StringLiteral" ? String(value["value"]) : undefined;

const isMeta = (value: unknown): boolean => isNode(value) && value.type === "MetaProperty";

const argumentOf = (node: Node, at: number): unknown => {
  const list = node["arguments"];
  return Array.isArray(list) ? (list[at] as { expression?: unknown } | undefined)?.expression : "";
};

const callOf = (node: Node): Import["how"] | undefined => {
  const callee = node["callee"];
  if (!isNode(callee)) return undefined;
  if (node.type === "NewExpression") {
    return callee["value"] === "URL" && argumentOf(node, 1) !== undefined ? "url" : undefined;
  }
  if (callee.type === "Import") return "dynamic";
  const property = callee["property"];
  const resolves = isMeta(callee["object"]) && isNode(property) && property["value"] === "resolve";
  return resolves ? "resolve" : undefined;
};

const allSpecifiersAreTypes = (node: Node): boolean => {
  const list = node["specifiers"];
  return (
    Array.isArray(list) &&
    list.length > 0 &&
    list.every((one: { isTypeOnly?: boolean }) => one.isTypeOnly === true)
  );
};

/** Whatever a file names of other files: imports, re-exports, dynamic imports, threads and URLs. */
export const importsOf = (tree: Node): readonly Import[] => {
  const found: Import[] = [];
  visitNodes(tree, (node) => {
    const source = textOf(node["source"]);
    if (source !== undefined && /^(Import|Export).*Declaration$/.test(node.type)) {
      const typeOnly = node["typeOnly"] === true || allSpecifiersAreTypes(node);
      found.push({ specifier: source, typeOnly, how: "import" });
    }
    if (node.type === "TsImportType") {
      const argument = textOf(node["argument"]);
      if (argument) found.push({ specifier: argument, typeOnly: true, how: "import" });
    }
    if (node.type === "CallExpression" || node.type === "NewExpression") {
      const how = callOf(node);
      const specifier = textOf(argumentOf(node, 0));
      if (how !== undefined && specifier !== undefined) {
        found.push({ specifier, typeOnly: false, how });
      }
    }
    return undefined;
  });
  return found;
};

/** The path in the checkout that a specifier names; undefined for packages. */
export const resolveImport = (from: string, specifier: string): string | undefined => {
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
  if (!specifier.startsWith(".")) return undefined;
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
};

const trees = new Map<string, Node>();

/** The syntax tree of a file of the checkout, parsed once per test file. */
export const treeOf = (path: string): Node => {
  const known = trees.get(path);
  if (known !== undefined) return known;
  const tree = parse(read(path));
  trees.set(path, tree);
  return tree;
};
