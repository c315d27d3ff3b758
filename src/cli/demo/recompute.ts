/**
 * The last word of the main job: every finalized result is made once more, from the file on the disk,
 * by code that shares nothing with the verifiers: the tools' synchronous faces, called directly, and
 * Node's own compiler instead of a pattern to tell modules from scripts.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { compileFunction } from "node:vm";

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

/** As Node tells them apart: what does not compile as the body of a CommonJS module is an ES module. */
const isModule = (path: string, text: string): boolean => {
  if (path.endsWith(".mjs")) return true;
  if (path.endsWith(".cjs")) return false;
  try {
    compileFunction(text.replace(/^#!.*/, ""), ["exports", "require", "module"]);
    return false;
  } catch {
    return true;
  }
};

/** The tool's name in node_modules, and its work on one text. */
const TOOLS: Readonly<
  Record<
    string,
    { name: string; run: (text: string, path: string, options: object) => Promise<string> }
  >
> = {
  esbuild: {
    name: "esbuild",
    run: async (text, _path, options) => {
      const { transformSync } = await import("esbuild");
      return transformSync(text, options).code;
    },
  },
  swc: {
    name: "@swc/core",
    run: async (text, path, options) => {
      const { minifySync } = await import("@swc/core");
      return minifySync(text, { ...options, module: isModule(path, text) }).code;
    },
  },
  terser: {
    name: "terser",
    run: async (text, path, options) => {
      const { minify_sync: minifySync } = await import("terser");
      const module = isModule(path, text);
      return minifySync(text, { ...options, module, parse: { bare_returns: !module } }).code ?? "";
    },
  },
};

const differenceOf = async ({ path, absolute, output }: Finalized): Promise<string | undefined> => {
  const { tool, version, options, code, bytesIn, bytesOut } = output as Declared;
  const known = TOOLS[tool];
  if (known === undefined) return `no tool is called ${tool}`;
  const installed = (require(`${known.name}/package.json`) as { readonly version: string }).version;
  if (version !== installed) return `${tool} ${version} was declared, ${installed} is installed`;
  const original = readFileSync(absolute);
  const made = Buffer.from(await known.run(original.toString("utf8"), path, options));
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
