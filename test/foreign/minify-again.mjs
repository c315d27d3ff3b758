/**
 * Makes declared minifier results once more, knowing nothing of canswarm: docs/operating/demo.md is all
 * it was written from. From the checkout's root, after `npm start`:
 *
 *   node test/foreign/minify-again.mjs AUDIT.jsonl      every finalized result of an audit file
 *   node test/foreign/minify-again.mjs -                JSON lines {"path", "output"} on standard input
 *
 * Prints one line for each difference and a count; exit code 1 where there is a difference.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/package.json`);

const MINIFY = {
  esbuild: async (text, options) => (await require("esbuild").transform(text, options)).code,
  swc: async (text, options) => (await require("@swc/core").minify(text, options)).code,
  terser: async (text, options) => (await require("terser").minify(text, options)).code,
};
const PACKAGES = { esbuild: "esbuild", swc: "@swc/core", terser: "terser" };

/** Undefined, or how the result differs from what its declaration makes. */
const differenceOf = async ({ path, output }) => {
  if (output === undefined) return "its output is too large to stand in the audit file";
  const { tool, version, options, code, bytesIn, bytesOut } = output;
  const installed = require(`${PACKAGES[tool]}/package.json`).version;
  if (installed !== version) return `declares ${tool}@${version}, installed is ${installed}`;
  const bytes = readFileSync(path);
  const made = await MINIFY[tool](bytes.toString("utf8"), options);
  if (made !== code) return `${tool}@${version} makes other code`;
  if (bytes.length !== bytesIn) return `${bytes.length} bytes went in, not ${bytesIn}`;
  const size = Buffer.byteLength(made);
  return size === bytesOut ? undefined : `${size} bytes came out, not ${bytesOut}`;
};

const jsonLines = (text) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** What was finalized, from the readable part of an audit file. */
const finalizedIn = (lines) => {
  const entries = lines.flatMap(({ kind, view }) => (kind === "record" ? view.entries : []));
  const outputs = new Map();
  const paths = new Map();
  for (const { verb, id, body } of entries) {
    if (verb === "NEED") paths.set(id, body.key);
    if (verb === "COMMIT") outputs.set(`${body.need} ${body.artifact}`, body.output);
  }
  return entries
    .filter(({ verb }) => verb === "FINALIZE")
    .map(({ body: { need, artifact } }) => ({
      path: paths.get(need),
      output: outputs.get(`${need} ${artifact}`),
    }));
};

const [, , from = "-"] = process.argv;
const lines = jsonLines(readFileSync(from === "-" ? 0 : from, "utf8"));
const results = from === "-" ? lines : finalizedIn(lines);
let differences = 0;
for (const result of results) {
  const why = await differenceOf(result).catch((error) => String(error).split("\n")[0]);
  if (why === undefined) continue;
  differences += 1;
  process.stdout.write(`${result.path}: ${why}\n`);
}
process.stdout.write(`${results.length} results, ${differences} differences\n`);
process.exitCode = differences === 0 && results.length > 0 ? 0 : 1;
await require("esbuild").stop();
