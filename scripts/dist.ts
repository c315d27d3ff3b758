/**
 * Finishes `dist` after tsc: its own package.json, so that `#layer/x.ts` means the built file there,
 * the supervision tree, and the files of src that are not TypeScript.
 *
 * Usage: node scripts/dist.ts
 */

import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

const packageJson = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  readonly imports: Readonly<Record<string, string>>;
};

/** `./src/domain/*.ts` → `./domain/*.js`: the same text, another folder and suffix. */
const builtTarget = (target: string): string =>
  target.replace("./src/", "./").replace(/\.ts$/, ".js");

const imports = Object.fromEntries(
  Object.entries(packageJson.imports).map(([name, target]) => [name, builtTarget(target)]),
);
writeFileSync(
  `${root}dist/package.json`,
  `${JSON.stringify({ type: "module", imports }, undefined, 2)}\n`,
);

cpSync(`${root}src`, `${root}dist`, {
  recursive: true,
  filter: (from) => statSync(from).isDirectory() || !from.endsWith(".ts"),
});

const tree = `${root}supervisor.config.ts`;
if (existsSync(tree)) {
  writeFileSync(
    `${root}dist/supervisor.config.js`,
    stripTypeScriptTypes(readFileSync(tree, "utf8")),
  );
}
