/**
 * The five minifiers of the main job, each pinned to one version and a few sets of options. They give
 * the same bytes for the same file in every process, so a verifier can run them again and compare.
 */

import { createRequire } from "node:module";
import { extname } from "node:path";

export const TOOLS = ["esbuild", "swc", "terser", "uglify", "oxc"] as const;
export type Tool = (typeof TOOLS)[number];

export type Options = Readonly<Record<string, unknown>>;

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What a worker delivers. */
export interface Minified {
  readonly tool: string;
  readonly version: string;
  readonly options: Options;
  readonly code: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const PACKAGES: Readonly<Record<Tool, string>> = {
  esbuild: "esbuild",
  swc: "@swc/core",
  terser: "terser",
  uglify: "uglify-js",
  oxc: "oxc-minify",
};

const require = createRequire(import.meta.url);

/** It comes without types. */
interface UglifyJs {
  minify(
    text: string,
    options: object,
  ): { readonly code?: string; readonly error?: Error; readonly ast?: unknown };
}

const uglifyJs = (): UglifyJs => require("uglify-js") as UglifyJs;

/** The version that is installed, from the package itself. */
export const versionOf = (tool: Tool): string => {
  const { version } = require(`${PACKAGES[tool]}/package.json`) as { readonly version: string };
  return version;
};

/** Not `exports.a = …` and not `import(…)`: those stand in scripts. */
const MODULE_SYNTAX = /^\s*(?:import\s*["'{*]|import\s+\w|export\s*[{*]|export\s+\w)/m;

/** Whether a file is read as a module; a script's outermost names must stay as they are. */
export const isModule = ({ path, text }: SourceFile): boolean => {
  const extension = extname(path);
  if (extension === ".mjs") return true;
  return extension !== ".cjs" && MODULE_SYNTAX.test(text);
};

/**
 * The options a worker may declare for a file. They are all that the tool is called with, so that
 * anybody makes the same bytes from the declaration and the file alone (docs/operating/demo.md). A list
 * and not a rule: options such as esbuild's `drop` or terser's `pure_funcs` take code away and still
 * re-execute to the same bytes. What an honest worker uses comes first.
 */
export const allowedOptions = (tool: Tool, file: SourceFile): readonly [Options, ...Options[]] => {
  const module = isModule(file);
  switch (tool) {
    case "esbuild": {
      const always = { legalComments: "none", loader: "js", target: "esnext" };
      return [
        { minify: true, ...always },
        { minifyWhitespace: true, ...always },
      ];
    }
    case "swc":
      return [
        { compress: true, mangle: true, module },
        { compress: true, mangle: false, module },
      ];
    case "terser": {
      const parse = { bare_returns: !module };
      return [
        { compress: true, mangle: true, module, parse },
        { compress: { passes: 2 }, mangle: true, module, parse },
      ];
    }
    case "uglify":
      return [
        { compress: {}, mangle: {}, module },
        { compress: {}, mangle: false, module },
      ];
    case "oxc":
      return [
        { compress: true, mangle: true, module },
        { compress: true, mangle: false, module },
      ];
  }
};

/** The tool with exactly these options. Throws what the tool throws on a text that it cannot read. */
export const minify = async (tool: Tool, options: Options, text: string): Promise<string> => {
  // terser writes into the options that it is given.
  const given: object = structuredClone(options);
  switch (tool) {
    case "esbuild": {
      const { transform } = await import("esbuild");
      return (await transform(text, given)).code;
    }
    case "swc": {
      const swc = await import("@swc/core");
      return (await swc.minify(text, given)).code;
    }
    case "terser": {
      const terser = await import("terser");
      const { code } = await terser.minify(text, given);
      if (code === undefined) throw new Error("terser gave no code");
      return code;
    }
    case "uglify": {
      const { code, error } = uglifyJs().minify(text, given);
      if (code === undefined) throw error ?? new Error("uglify-js gave no code");
      return code;
    }
    case "oxc": {
      const oxc = await import("oxc-minify");
      // The name decides how a text is read; the option `module` shall be all that does.
      const { code, errors } = await oxc.minify("file.js", text, given);
      if (errors[0] !== undefined) throw new Error(errors[0].message);
      return code;
    }
  }
};

/** Whether uglify-js, which does not know all of today's JavaScript, can read the text at all. */
export const uglifyReads = (file: SourceFile): boolean => {
  const options = { compress: false, mangle: false, module: isModule(file) };
  const output = { ast: true, code: false };
  return uglifyJs().minify(file.text, { ...options, output }).error === undefined;
};

/** esbuild keeps a process of its own; without this it would end only with ours. */
export const closeTools = async (): Promise<void> => {
  const { stop } = await import("esbuild");
  await stop();
};

export const byteLength = (text: string): number => Buffer.byteLength(text, "utf8");
