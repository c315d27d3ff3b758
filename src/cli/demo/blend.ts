/**
 * A tool of a seller's own, which the verifiers of the main job do not have: terser's output through
 * esbuild. It is documented (docs/operating/demo.md), so anybody may make its results again; a verifier
 * that has not got it can only look at what they do.
 */

import { allowedOptions, byteLength, minify, versionOf } from "./minifiers.ts";
import type { Minified, Options, SourceFile } from "./minifiers.ts";

export const BLEND = "blend";

export const blend = async (file: SourceFile): Promise<Minified> => {
  const [terser] = allowedOptions("terser", file);
  const [esbuild] = allowedOptions("esbuild", file);
  const options: Options = { terser, esbuild };
  const code = await minify("esbuild", esbuild, await minify("terser", terser, file.text));
  return {
    tool: BLEND,
    version: `terser@${versionOf("terser")} esbuild@${versionOf("esbuild")}`,
    options,
    code,
    bytesIn: byteLength(file.text),
    bytesOut: byteLength(code),
  };
};
