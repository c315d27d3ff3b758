import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { read } from "./checkout.ts";
import { DOCUMENTS, prose } from "./documents.ts";

/** Documents that a document links to. */
const linkedFrom = (path: string): readonly string[] =>
  [...prose(read(path)).matchAll(/\]\(([^)\s#]+)/g)]
    .map((match) => match[1] ?? "")
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => normalize(join(dirname(path), link)));

/** Whatever is found by following links. */
const reachedFrom = (start: string): ReadonlySet<string> => {
  const reached = new Set([start]);
  for (const path of reached)
    for (const link of linkedFrom(path)) if (DOCUMENTS.includes(link)) reached.add(link);
  return reached;
};

describe("every page", () => {
  it("is found by following links from the README", () => {
    const reached = reachedFrom("README.md");
    const pages = DOCUMENTS.filter((path) => path.startsWith("docs/"));
    expect(pages.length).toBeGreaterThan(60);
    expect(pages.filter((path) => !reached.has(path))).toEqual([]);
  });

  it("of a folder is linked from the folder's own README, where it has one", () => {
    const folders = DOCUMENTS.filter((path) => /^docs\/.*README\.md$/.test(path)).map(dirname);
    expect(folders.length).toBeGreaterThan(4);
    const lost = folders.flatMap((folder) =>
      DOCUMENTS.filter((path) => dirname(path) === folder && !path.endsWith("/README.md")).filter(
        (path) => !linkedFrom(`${folder}/README.md`).includes(path),
      ),
    );
    expect(lost).toEqual([]);
  });
});
