/** Finds what would make a pure layer answer differently at the same call. */

import { HIDDEN_INPUTS } from "../../layers.config.ts";
import { type Node, isNode, visitNodes } from "./checkout.ts";

/** Of node:crypto only what the same arguments always answer alike. */
const CRYPTO_ALLOWED = new Set([
  "hash",
  "createHash",
  "createHmac",
  "createPrivateKey",
  "createPublicKey",
  "sign",
  "verify",
  "timingSafeEqual",
  "KeyObject",
]);

const valueOf = (node: unknown): string =>
  isNode(node) && typeof node["value"] === "string" ? node["value"] : "";

/** Keys under which an identifier is a name and not a reference. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  KeyValueProperty: ["key"],
  AssignmentProperty: ["key"],
  KeyValuePatternProperty: ["key"],
  MethodProperty: ["key"],
  ClassProperty: ["key"],
  ClassMethod: ["key"],
  TsPropertySignature: ["key"],
  TsMethodSignature: ["key"],
  TsGetterSignature: ["key"],
  TsQualifiedName: ["right"],
  ImportSpecifier: ["imported", "local"],
  ExportSpecifier: ["orig", "exported"],
  LabeledStatement: ["label"],
};

const memberNames = (node: Node): readonly string[] =>
  isNode(node["property"]) && node["property"].type !== "Computed" ? ["property"] : [];

/** What a class or object hides behind a name of its own is told by the linter, which knows scopes. */
export const hiddenInputs = (tree: Node): readonly string[] => {
  const found: string[] = [];
  visitNodes(tree, (node) => {
    if (node.type === "Identifier") {
      const name = valueOf(node);
      if ((HIDDEN_INPUTS as readonly string[]).includes(name)) found.push(name);
    }
    if (node.type === "MemberExpression") {
      const member = `${valueOf(node["object"])}.${valueOf(node["property"])}`;
      if (member === "Math.random" || member === "crypto.randomUUID") found.push(member);
    }
    if (node.type === "ImportDeclaration" && valueOf(node["source"]) === "node:crypto") {
      const list = node["specifiers"] as readonly Node[];
      for (const one of list) {
        const name = valueOf(one["imported"] ?? one["local"]);
        const named = one.type === "ImportSpecifier";
        if (!named || !CRYPTO_ALLOWED.has(name)) found.push(`node:crypto ${name}`);
      }
    }
    return node.type === "MemberExpression" ? memberNames(node) : NAMES[node.type];
  });
  return found;
};

const isForAwait = (node: Node): boolean =>
  node.type === "ForOfStatement" && Boolean(node["await"]);

/** A pure layer never waits: who waits can be interleaved. */
export const waits = (tree: Node): readonly string[] => {
  const found: string[] = [];
  visitNodes(tree, (node) => {
    if (node.type === "AwaitExpression" || node["async"] === true || isForAwait(node)) {
      found.push(node.type);
    }
    if (node.type === "NewExpression" && valueOf(node["callee"]) === "Promise") {
      found.push("Promise");
    }
    return undefined;
  });
  return found;
};
