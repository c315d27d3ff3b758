// The tools both sides use: the same version and options give the same bytes in every process.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export const OPTIONS = {
  esbuild: { minify: true, legalComments: "none" },
  terser: { compress: true, mangle: true },
};

export const versionOf = (tool) => require(`${tool}/package.json`).version;

export const minify = async (tool, text) => {
  if (tool === "esbuild") {
    const { transform } = await import("esbuild");
    return (await transform(text, OPTIONS.esbuild)).code;
  }
  const terser = await import("terser");
  return (await terser.minify(text, OPTIONS.terser)).code;
};
