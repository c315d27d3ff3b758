import { describe, expect, it } from "vitest";
import { type Node, isNode, parse, read, sourceFiles, visitNodes } from "./checkout.ts";

const CALLS = new Set(["describe", "it", "test", "suite", "context"]);
/** Each of them leaves tests out: those it marks, or all others. */
const CHOOSERS = new Set(["skip", "skipIf", "runIf", "only", "todo"]);

/** What a file says to leave tests out, as `describe.skipIf`. */
const choicesIn = (tree: Node): readonly string[] => {
  const found: string[] = [];
  visitNodes(tree, (node) => {
    const { object, property } = node;
    if (node.type !== "MemberExpression" || !isNode(object) || !isNode(property)) return undefined;
    const inner = isNode(object["object"]) ? object["object"] : object;
    const [name, chosen] = [String(inner["value"]), String(property["value"])];
    if (CALLS.has(name) && CHOOSERS.has(chosen)) found.push(`${name}.${chosen}`);
    return undefined;
  });
  return found;
};

describe("every test", () => {
  it("runs in every checkout: none is skipped, chosen or still to be written", () => {
    const files = sourceFiles("test").filter((path) => path.endsWith(".test.ts"));
    expect(files.length).toBeGreaterThan(50);
    expect(
      files.flatMap((path) => choicesIn(parse(read(path))).map((one) => `${path}: ${one}`)),
    ).toEqual([]);
  });

  it.each([
    'it.skip("a", () => {});',
    'describe.runIf(existsSync(file))("a", () => {});',
    'test.skip.each([1])("a", () => {});',
    'it.concurrent.only("a", () => {});',
    'test("a", (context) => context.skip());',
  ])("would be found out by %s", (text) => {
    expect(choicesIn(parse(text))).toHaveLength(1);
  });

  it("may speak of skipping", () => {
    expect(choicesIn(parse("told.skip(1); answer.kind === seated ? answer.skipped : 0;"))).toEqual(
      [],
    );
  });
});
