/**
 * The last word of the main job: every finalized result is made once more, from the file on the disk and
 * what its worker declared, by code that shares nothing with the verifiers: the tools' synchronous
 * faces, called with the declared options and nothing else.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export interface Finalized {
  readonly path: string;
  readonly absolute: string;
  /** What was accepted and paid. */
  readonly output: unknown;
}

export interface Difference {
  readonly path: string;
  readonly why: string;
}

interface Declared {
  readonly tool: string;
  readonly version: string;
  readonly options: Record<string, unknown>;
  readonly code: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const require = createRequire(import.meta.url);

interface UglifyJs {
  minify(text: string, options: object): { readonly code?: string };
}

/** The tool's name in node_modules, and its work on one text. */
const TOOLS: Readonly<
  Record<string, { name: string; run: (text: string, options: object) => Promise<string> }>
> = {
  uglify: {
    name: "uglify-js",
    run: async (text, options) =>
      (require("uglify-js") as UglifyJs).minify(text, structuredClone(options)).code ?? "",
  },
  oxc: {
    name: "oxc-minify",
    run: async (text, options) =>
      (await import("oxc-minify")).minifySync("file.js", text, options).code,
  },
  esbuild: {
    name: "esbuild",
    run: async (text, options) => (await import("esbuild")).transformSync(text, options).code,
  },
  swc: {
    name: "@swc/core",
    run: async (text, options) => (await import("@swc/core")).minifySync(text, options).code,
  },
  terser: {
    name: "terser",
    // A copy: terser writes into the options that it is given.
    run: async (text, options) =>
      (await import("terser")).minify_sync(text, structuredClone(options)).code ?? "",
  },
};

const versionOf = (tool: string): string =>
  (require(`${TOOLS[tool]!.name}/package.json`) as { readonly version: string }).version;

/** One tool, or several, one after the other: `blend` is terser's output through esbuild. */
const CHAINS: Readonly<Record<string, readonly string[]>> = { blend: ["terser", "esbuild"] };

const madeAgain = async ({ tool, version, options }: Declared, text: string): Promise<string> => {
  const chain = CHAINS[tool];
  if (chain === undefined && TOOLS[tool] === undefined)
    throw new Error(`no tool is called ${tool}`);
  const installed = chain?.map((one) => `${one}@${versionOf(one)}`).join(" ") ?? versionOf(tool);
  if (version !== installed)
    throw new Error(`${tool} ${version} was declared, ${installed} is installed`);
  if (chain === undefined) return TOOLS[tool]!.run(text, options);
  let made = text;
  for (const one of chain) made = await TOOLS[one]!.run(made, options[one] as object);
  return made;
};

const differenceOf = async ({ absolute, output }: Finalized): Promise<string | undefined> => {
  const declared = output as Declared;
  const { tool, code, bytesIn, bytesOut } = declared;
  const original = readFileSync(absolute);
  const made = Buffer.from(await madeAgain(declared, original.toString("utf8")));
  if (!made.equals(Buffer.from(code))) return `${tool} gives other bytes`;
  if (bytesIn !== original.length) return `${original.length} bytes went in, ${bytesIn} were told`;
  return bytesOut === made.length ? undefined : `${made.length} bytes came out, not ${bytesOut}`;
};

/** Every difference; none where all is as it was accepted. */
export const recompute = async (results: readonly Finalized[]): Promise<Difference[]> => {
  const differences: Difference[] = [];
  for (const result of results) {
    const why = await differenceOf(result).catch((error: unknown) => String(error).split("\n")[0]);
    if (why !== undefined) differences.push({ path: result.path, why });
  }
  return differences;
};
