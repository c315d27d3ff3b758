import { describe, expect, it } from "vitest";
import { REFUSALS } from "#protocol/refusals.ts";
import { ERRORS, TOLD_ELSEWHERE } from "#cli/errors.ts";
import { errorsPage } from "../../scripts/error-pages.ts";
import { FILES, type Node, isNode, read, sourceFiles, treeOf, visitNodes } from "./checkout.ts";
import {
  DOCUMENTS,
  anchorsOf,
  brokenLinks,
  featureFaults,
  featureRows,
  prose,
} from "./documents.ts";

const keysOfInterface = (path: string, name: string): readonly string[] => {
  const keys: string[] = [];
  visitNodes(treeOf(path), (node) => {
    const id = node["id"];
    if (node.type !== "TsInterfaceDeclaration" || !isNode(id) || id["value"] !== name) return;
    const body = (node["body"] as { body: readonly Node[] }).body;
    for (const member of body) {
      if (isNode(member["key"])) keys.push(String(member["key"]["value"]));
    }
    return undefined;
  });
  return keys;
};

/** A port is a file of src/ports that exports an interface with methods. */
const isPort = (path: string): boolean => {
  let methods = 0;
  visitNodes(treeOf(path), (node) => {
    if (node.type === "TsMethodSignature") methods += 1;
    return undefined;
  });
  return methods > 0;
};

const nameOf = (path: string): string =>
  path
    .split("/")
    .at(-1)
    ?.replace(/\.\w+$/, "") ?? "";

describe("each thing has its page", () => {
  const verbs = keysOfInterface("src/protocol/bodies.ts", "Bodies");
  const pageOf = (verb: string) => `docs/protocol/verbs/${verb}.md`;

  it("knows the verbs", () => {
    expect(verbs).toEqual(expect.arrayContaining(["NEED", "ATTEST_PLAN", "DEAD_LETTER"]));
  });

  it("every verb has a page", () => {
    expect(verbs.map(pageOf).filter((path) => !FILES.includes(path))).toEqual([]);
  });

  it("every page of a verb is a verb's", () => {
    const pages = FILES.filter((path) => path.startsWith("docs/protocol/verbs/"));
    const known = [...verbs.map(pageOf), "docs/protocol/verbs/README.md"];
    expect(pages.filter((path) => !known.includes(path))).toEqual([]);
  });

  it("every port has a contract that more than one implementation is put to", () => {
    const ports = sourceFiles("src/ports").filter(isPort).map(nameOf);
    expect(ports).toContain("store");
    const suites = sourceFiles("test/contracts").map(nameOf);
    expect(ports.filter((name) => !suites.includes(name))).toEqual([]);
  });

  it("every code is told what to do about", () => {
    const pages = read("docs/errors.md") + read("docs/protocol/refusals.md");
    const codes = [REFUSALS, ERRORS, ...Object.values(TOLD_ELSEWHERE)].flatMap(Object.keys);
    expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(pages))).toEqual([]);
  });

  it("docs/errors.md is what the catalogues say (npm run docs)", async () => {
    expect(read("docs/errors.md")).toBe(await errorsPage());
  });
});

describe("documents", () => {
  it("are found", () => {
    expect(DOCUMENTS).toEqual(
      expect.arrayContaining(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md"]),
    );
  });

  it("link only to what exists", () => {
    expect(DOCUMENTS.flatMap((path) => brokenLinks(path, read(path)))).toEqual([]);
  });

  it("would not link to what is not there", () => {
    const text = "# A b\n[x](#a-b) [y](#c) [z](nowhere.md) [w](README.md#nothing)";
    expect(brokenLinks("README.md", text)).toHaveLength(3);
    expect(anchorsOf("## One `word`, two\n```\n# no\n```")).toEqual(["one-word-two"]);
  });

  it("name only scripts that package.json has", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = DOCUMENTS.flatMap((path) =>
      [...read(path).matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map((match) => ({
        path,
        script: match[1] ?? match[2] ?? "",
      })),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
  });

  it("name only files of the checkout that exist", () => {
    const roots = "src|test|bench|docs|scripts|bin";
    const pattern = new RegExp(`\`((?:${roots})/[\\w./-]+\\.(?:ts|mjs|md|txt|json))\``, "g");
    const gone = DOCUMENTS.filter((path) => path !== "CHANGELOG.md").flatMap((path) =>
      [...prose(read(path)).matchAll(pattern)]
        .map((match) => match[1] ?? "")
        .filter((file) => !FILES.includes(file))
        .map((file) => `${path}: ${file}`),
    );
    expect(gone).toEqual([]);
  });
});

describe("docs/features.md", () => {
  const known = (path: string): boolean =>
    FILES.includes(path) || FILES.some((file) => file.startsWith(`${path}/`));
  const rows = featureRows(read("docs/features.md"));

  it("has a row for every capability", () => {
    expect(rows.length).toBeGreaterThan(60);
  });

  it("proves what it calls whole, and says what is missing elsewhere", () => {
    expect(rows.flatMap((row) => featureFaults(row, known))).toEqual([]);
  });

  it.each([
    ["| a | b | `test/none.test.ts` | – |", "no test test/none.test.ts"],
    ["| a | b | | – |", "whole, but no test"],
    ["| a | | `test/tidy` | – |", "nothing to see"],
    ["| a | b | `test/tidy` | |", "the last column"],
    ["| a | b | `test/tidy` |", "has 3 columns"],
  ])("refuses the row %s", (row, reason) => {
    expect(
      featureRows(row)
        .flatMap((one) => featureFaults(one, known))
        .join(),
    ).toContain(reason);
  });
});
