/** The layer table applied to one file; used on the checkout and on planted violations. */

import { LAYERS, type LayerName, exceptionOf, inputsOf } from "../../layers.config.ts";
import { type Import, resolveImport } from "./checkout.ts";

export const layerOf = (path: string): LayerName | undefined => {
  const name = path.split("/")[1];
  return path.startsWith("src/") && name !== undefined && name in LAYERS
    ? (name as LayerName)
    : undefined;
};

const matches = (pattern: string, name: string): boolean =>
  pattern === name || (pattern.endsWith("/**") && name.startsWith(pattern.slice(0, -2)));

const packageAllowed = (path: string, layer: LayerName, name: string): boolean => {
  const { packages } = LAYERS[layer];
  if (packages === "any") return true;
  const extra = exceptionOf(path)?.packages ?? [];
  return [...packages, ...extra].some((pattern) => matches(pattern, name));
};

const judge = (path: string, layer: LayerName, one: Import): string | undefined => {
  const target = resolveImport(path, one.specifier);
  if (target === undefined) {
    if (one.how === "url") return undefined;
    return packageAllowed(path, layer, one.specifier) ? undefined : "package not in its list";
  }
  const other = layerOf(target);
  if (other === undefined) {
    // Data beside the sources (package.json) is read by the layers that may read at all.
    return one.how === "url" && inputsOf(path, layer) === "world" ? undefined : "outside of src";
  }
  if (other === layer) {
    return one.how === "url" && target.endsWith(".ts")
      ? "a thread's entry is named by import.meta.resolve, or it is not found in dist"
      : undefined;
  }
  if (!one.specifier.startsWith("#")) return "crosses a border without #";
  if (!LAYERS[layer].mayImport.includes(other)) return `${layer} may not import ${other}`;
  if (layer === "ports" && other === "domain" && !one.typeOnly) return "ports take types only";
  return undefined;
};

/** What is wrong with the imports of a file, as sentences. */
export const layerViolations = (path: string, imports: readonly Import[]): readonly string[] => {
  const layer = layerOf(path);
  if (layer === undefined) return [`${path}: lies in no layer`];
  return imports.flatMap((one) => {
    const wrong = judge(path, layer, one);
    return wrong === undefined ? [] : [`${path}: ${one.specifier}: ${wrong}`];
  });
};
