/**
 * Judges the main job, knowing nothing of canswarm: docs/operating/demo.md and docs/protocol/audit-file.md
 * are all it was written from. Every FINALIZED artifact is made once more from the file on the disk; its CID
 * must be the one that was paid for. Every other delivery is made once more as well: what its declaration
 * does not make was a cheat, and what it was is found by comparing. From the checkout's root:
 *
 *   npm run demo:judge                                the last `npm start`; runs one if there is none
 *   npm run demo:judge -- AUDIT.jsonl                 that audit file
 *   node test/foreign/demo-judge.mjs -                JSON lines {"path", "output"} on standard input
 *
 * Exit code 1 where an artifact differs, a cheat was paid, or there is nothing to judge.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/package.json`);
const LAST = ".cache/last-demo";

/* ------------------------------------------------------------- the tools, as the page says */

const PACKAGES = {
  esbuild: "esbuild",
  swc: "@swc/core",
  terser: "terser",
  uglify: "uglify-js",
  oxc: "oxc-minify",
};
const copy = (options) => JSON.parse(JSON.stringify(options));
const RUN = {
  esbuild: async (text, options) => (await require("esbuild").transform(text, options)).code,
  swc: async (text, options) => (await require("@swc/core").minify(text, options)).code,
  terser: async (text, options) => (await require("terser").minify(text, copy(options))).code,
  uglify: async (text, options) => require("uglify-js").minify(text, copy(options)).code,
  oxc: async (text, options) => (await require("oxc-minify").minify("file.js", text, options)).code,
  blend: async (text, { terser, esbuild }) => RUN.esbuild(await RUN.terser(text, terser), esbuild),
};
const installed = (tool) => require(`${PACKAGES[tool]}/package.json`).version;
const versionOf = (tool) =>
  tool === "blend"
    ? `terser@${installed("terser")} esbuild@${installed("esbuild")}`
    : PACKAGES[tool] && installed(tool);

const isModule = (path, text) =>
  path.endsWith(".mjs") ||
  (!path.endsWith(".cjs") &&
    /^\s*(?:import\s*["'{*]|import\s+\w|export\s*[{*]|export\s+\w)/m.test(text));

/** What workers declare: for artifacts of which the file holds the CID only. */
const usualRecipes = (path, text) => {
  const module = isModule(path, text);
  return [
    ["esbuild", { minify: true, legalComments: "none", loader: "js", target: "esnext" }],
    ["swc", { compress: true, mangle: true, module }],
    ["terser", { compress: true, mangle: true, module, parse: { bare_returns: !module } }],
    ["uglify", { compress: {}, mangle: {}, module }],
    ["oxc", { compress: true, mangle: true, module }],
  ].map(([tool, options]) => ({ tool, options, version: versionOf(tool) }));
};

/* ------------------------------------------------------------- artifacts: CIDs of DAG-CBOR */

const head = (major, n) => {
  if (n < 24) return Buffer.from([major | n]);
  if (n < 0x100) return Buffer.from([major | 24, n]);
  const bytes = Buffer.alloc(n < 0x10000 ? 3 : 5);
  bytes[0] = major | (n < 0x10000 ? 25 : 26);
  bytes.writeUIntBE(n, 1, bytes.length - 1);
  return bytes;
};
const cbor = (value) => {
  if (typeof value === "boolean") return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === "number") return head(0x00, value);
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return Buffer.concat([head(0x60, text.length), text]);
  }
  const keys = Object.keys(value).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return Buffer.concat([
    head(0xa0, keys.length),
    ...keys.flatMap((key) => [cbor(key), cbor(value[key])]),
  ]);
};
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const cidOf = (value) => {
  const digest = createHash("sha256").update(cbor(value)).digest();
  let bits = "";
  for (const byte of [0x01, 0x71, 0x12, 0x20, ...digest]) bits += byte.toString(2).padStart(8, "0");
  return `b${bits
    .match(/.{1,5}/g)
    .map((five) => BASE32[parseInt(five.padEnd(5, "0"), 2)])
    .join("")}`;
};

/* ------------------------------------------------------------- one delivery */

/** The output that a recipe makes of a file. Throws what the tool throws. */
const makeAgain = async ({ tool, version, options }, path) => {
  if (RUN[tool] === undefined) throw new Error(`nobody knows the tool ${tool}`);
  if (version !== versionOf(tool))
    throw new Error(`declares ${tool} ${version}, installed is ${versionOf(tool)}`);
  const bytes = readFileSync(path);
  const code = await RUN[tool](bytes.toString("utf8"), options);
  return { tool, version, options, code, bytesIn: bytes.length, bytesOut: Buffer.byteLength(code) };
};

/** Undefined, or how an output differs from what its declaration makes. */
const differenceOf = async ({ path, output }) => {
  const made = await makeAgain(output, path);
  if (made.code !== output.code) return `${made.tool} ${made.version} makes other code`;
  if (made.bytesIn !== output.bytesIn)
    return `${made.bytesIn} bytes went in, not ${output.bytesIn}`;
  return made.bytesOut === output.bytesOut
    ? undefined
    : `${made.bytesOut} bytes came out, not ${output.bytesOut}`;
};

/** What was done to the code, from what is left of both between their common ends. */
const kindOfLie = (made, told) => {
  if (told.code === made.code) return "a false size";
  if (told.code === "") return "empty output";
  const [a, b] = [made.code, told.code];
  let start = 0;
  while (start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < b.length - start && end < a.length - start && a.at(-1 - end) === b.at(-1 - end))
    end += 1;
  const [gone, come] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (/^[=!&|<>+-]{1,3}$/.test(gone) && /^[=!&|<>+-]{1,3}$/.test(come))
    return "one operator changed";
  // Where both ends share letters, what is gone may seem to begin a little later.
  const around = a.slice(Math.max(0, start - gone.length), a.length - end + gone.length);
  return come === "" && /\bexports?\b/.test(around) ? "an export dropped" : "something else";
};

/* ------------------------------------------------------------- the audit file */

const jsonLines = (text) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** Every delivery of every need, from the readable part of an audit file. */
const deliveriesIn = (lines) => {
  const entries = lines.flatMap(({ kind, view }) => (kind === "record" ? view.entries : []));
  const paths = new Map();
  const finalized = new Map();
  for (const { verb, id, body } of entries) {
    if (verb === "NEED") paths.set(id, body.key);
    if (verb === "FINALIZE") finalized.set(body.need, body.artifact);
  }
  return entries
    .filter(({ verb }) => verb === "COMMIT")
    .map(({ body: { need, artifact, output } }) => ({
      path: paths.get(need),
      artifact,
      output,
      paid: finalized.get(need) === artifact,
    }));
};

/** The tool that made a delivery, or what was wrong with it. */
const judge = async ({ path, artifact, output }) => {
  if (output === undefined) {
    for (const recipe of usualRecipes(path, readFileSync(path, "utf8"))) {
      const made = await makeAgain(recipe, path).catch(() => undefined);
      if (made !== undefined && cidOf(made) === artifact) return { tool: recipe.tool };
    }
    return { why: "no documented recipe makes it", lie: "something else" };
  }
  let made;
  try {
    made = await makeAgain(output, path);
  } catch (error) {
    return { why: String(error.message ?? error).split("\n")[0], lie: "something else" };
  }
  if (cidOf(made) === artifact) return { tool: made.tool };
  const why = (await differenceOf({ path, output })) ?? "its CID is another one";
  return { tool: made.tool, why, lie: kindOfLie(made, output) };
};

const table = (titles, rows) => {
  const all = [titles, ...rows.map((row) => row.map(String))];
  const widths = titles.map((_, n) => Math.max(...all.map((row) => row[n].length)));
  const cells = (row) =>
    row.map((text, n) => (n === 0 ? text.padEnd(widths[n]) : text.padStart(widths[n])));
  return all.map((row) => `${cells(row).join("  ")}\n`).join("");
};

const KINDS = ["empty output", "an export dropped", "one operator changed", "a false size"];

const judgeAudit = async (path) => {
  const deliveries = deliveriesIn(jsonLines(readFileSync(path, "utf8")));
  const byTool = new Map();
  const byKind = new Map(KINDS.map((kind) => [kind, { tried: 0, caught: 0 }]));
  const differences = [];
  for (const delivery of deliveries) {
    const { tool = "unknown", why, lie } = await judge(delivery);
    if (delivery.paid) {
      const row = byTool.get(tool) ?? { artifacts: 0, differ: 0 };
      byTool.set(tool, row);
      row.artifacts += 1;
      if (why !== undefined) row.differ += 1;
      if (why !== undefined) differences.push(`${delivery.path}: ${why}`);
    }
    if (lie === undefined) continue;
    const row = byKind.get(lie) ?? { tried: 0, caught: 0 };
    byKind.set(lie, row);
    row.tried += 1;
    row.caught += delivery.paid ? 0 : 1;
  }
  const sum = (rows, name) => [...rows].reduce((total, row) => total + row[name], 0);
  const artifacts = sum(byTool.values(), "artifacts");
  const [tried, caught] = [sum(byKind.values(), "tried"), sum(byKind.values(), "caught")];
  const tools = [...byTool].sort(([a], [b]) => (a < b ? -1 : 1));
  const made = tools.map(([tool, row]) => [tool, row.artifacts, row.differ]);
  const lies = [...byKind].map(([kind, row]) => [kind, row.tried, row.caught]);
  process.stdout.write(
    `Judged by what ${path} says and the files on this disk.\n\n` +
      table(
        ["made again with", "artifacts", "differ"],
        [...made, ["all", artifacts, differences.length]],
      ) +
      `\n${table(["cheat", "tried", "caught"], [...lies, ["all", tried, caught]])}\n` +
      differences.map((line) => `${line}\n`).join("") +
      `${artifacts} FINALIZED artifacts recomputed, ${differences.length} differ; ` +
      `${tried} cheats tried, ${caught} caught\n`,
  );
  return artifacts > 0 && differences.length === 0 && caught === tried;
};

const judgeLines = async (results) => {
  let differences = 0;
  for (const result of results) {
    const why = await differenceOf(result).catch((error) => String(error).split("\n")[0]);
    if (why === undefined) continue;
    differences += 1;
    process.stdout.write(`${result.path}: ${why}\n`);
  }
  process.stdout.write(`${results.length} results, ${differences} differences\n`);
  return differences === 0 && results.length > 0;
};

/** The audit of the last `npm start`; where there is none, of one that is run now. */
const lastAudit = () => {
  const last = () => (existsSync(LAST) ? readFileSync(LAST, "utf8").trim() : "");
  if (existsSync(last())) return last();
  process.stdout.write("There is no audit of a main job yet, so one is run first.\n\n");
  const job = [process.execPath, ["src/cli/main.ts", "demo"], { stdio: "inherit" }];
  spawnSync(...job);
  process.stdout.write("\n");
  return last();
};

const [, , from = lastAudit()] = process.argv;
const good =
  from === "-" ? await judgeLines(jsonLines(readFileSync(0, "utf8"))) : await judgeAudit(from);
process.exitCode = good ? 0 : 1;
await require("esbuild").stop();
