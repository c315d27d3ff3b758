/**
 * What each verb's page lists as refusals against what its rules can return: the codes that stand in the
 * text of a verb's rule, of what it calls, and of the ledger's operation that answers for it.
 */

import { describe, expect, it } from "vitest";
import { PRECEDENCE, type RefusalCode } from "#protocol/refusals.ts";
import { ALWAYS, OF_THREAD } from "#protocol/verb-spec.ts";
import { VERBS } from "#protocol/verbs.ts";
import {
  importsOf,
  isNode,
  read,
  resolveImport,
  sourceFiles,
  treeOf,
  visitNodes,
  type Node,
} from "../tidy/checkout.ts";

/** Where refusals of verbs are made. What is outside of these files returns none of them. */
const RULES = [
  ...sourceFiles("src/actors/verbs"),
  "src/domain/market/bid-check.ts",
  "src/domain/ledger/holds.ts",
  "src/domain/ledger/ledger.ts",
  "src/domain/ledger/spending.ts",
];
const TABLE = "src/actors/verbs/table.ts";
const CODES: ReadonlySet<string> = new Set(PRECEDENCE);

/** The operations whose refusal is told as the verb's own: its ACK waits for them. */
const LEDGER: Readonly<Record<string, readonly string[]>> = {
  NEED: ["src/domain/ledger/holds.ts:fund"],
  CHALLENGE: ["src/domain/ledger/holds.ts:challenge"],
  TRANSFER: ["src/domain/ledger/ledger.ts:transfer"],
  STAKE: ["src/domain/ledger/ledger.ts:stake"],
  UNSTAKE: ["src/domain/ledger/ledger.ts:unstake"],
};

interface Declared {
  readonly codes: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
}

const nameOf = (node: unknown): string => (isNode(node) ? String(node["value"]) : "");

/** Codes in a text, and the functions that it calls. */
const contents = (node: unknown): Declared => {
  const [codes, names] = [new Set<string>(), new Set<string>()];
  visitNodes(node, (inner) => {
    const value = String(inner["value"]);
    if (inner.type === "StringLiteral" && CODES.has(value)) codes.add(value);
    if (inner.type === "CallExpression") names.add(nameOf(inner["callee"]));
    return undefined;
  });
  return { codes, names };
};

/** Top-level declarations of a file, by `path:name`. */
const declaredIn = (path: string): Map<string, Declared> => {
  const found = new Map<string, Declared>();
  for (const item of treeOf(path)["body"] as readonly Node[]) {
    const inner = isNode(item["declaration"]) ? item["declaration"] : item;
    if (inner.type === "FunctionDeclaration")
      found.set(`${path}:${nameOf(inner["identifier"])}`, contents(inner["body"]));
    if (inner.type !== "VariableDeclaration") continue;
    for (const one of inner["declarations"] as readonly Node[])
      found.set(`${path}:${nameOf(one["id"])}`, contents(one["init"]));
  }
  return found;
};

const DECLARED = new Map(RULES.flatMap((path) => [...declaredIn(path)]));

/** By the name that a file uses for it: the declaration elsewhere. Nothing is renamed on import. */
const imported = (path: string, name: string): string | undefined =>
  importsOf(treeOf(path))
    .map(({ specifier }) => `${resolveImport(path, specifier)}:${name}`)
    .find((key) => DECLARED.has(key));

const reach = (root: string): Set<string> => {
  const codes = new Set<string>();
  const seen = new Set<string>();
  const waiting = [root];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const declared = DECLARED.get(key);
    if (declared === undefined) throw new Error(`nothing is declared as ${key}`);
    for (const code of declared.codes) codes.add(code);
    const [path = ""] = key.split(":");
    for (const name of declared.names) {
      const own = `${path}:${name}`;
      const next = DECLARED.has(own) ? own : imported(path, name);
      if (next !== undefined) waiting.push(next);
    }
  }
  return codes;
};

/** Verb to the name of its rule, as table.ts says it. */
const ruleOf = (verb: string): string => {
  const named = new RegExp(`^ {2}${verb}: (\\w+),$`, "m").exec(read(TABLE))?.[1];
  const key = named === undefined ? undefined : imported(TABLE, named);
  if (key === undefined) throw new Error(`no rule of ${verb}`);
  return key;
};

const verbs = Object.values(VERBS).filter(({ sender }) => sender !== "leader");

describe("the refusals of a verb", () => {
  it.each(verbs)("$verb lists what its rules can return, and nothing else", (spec) => {
    const fromRules = [ruleOf(spec.verb), ...(LEDGER[spec.verb] ?? [])].flatMap((root) => [
      ...reach(root),
    ]);
    const fromHost: readonly string[] = [...ALWAYS, ...OF_THREAD[spec.thread]];
    const possible = new Set([...fromRules, ...fromHost]);
    if (spec.verb !== "REGISTER") possible.add("NOT_REGISTERED"); // known() of application.ts
    expect(spec.refusals).toEqual(PRECEDENCE.filter((code) => possible.has(code)));
  });

  it("are found where they are: a bid's, three calls away", () => {
    expect([...reach(ruleOf("PROPOSE"))]).toContain("BID_INVALID");
    expect([...reach(ruleOf("VOTE"))]).toContain("ALREADY_ANSWERED");
    expect([...reach(ruleOf("REGISTER"))]).toEqual(["POLICY_DENIED"]);
  });

  it.each([...new Set<RefusalCode>([...ALWAYS, ...OF_THREAD.account])])(
    "%s, which any envelope can get, is said by the door or the host",
    (code) => {
      const told = [
        "src/envelope/malformed.ts",
        "src/actors/application.ts",
        ...sourceFiles("src/runtime/host"),
      ].filter((path) => read(path).includes(`"${code}"`));
      expect(told).not.toEqual([]);
    },
  );
});
