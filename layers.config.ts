/**
 * The layers of `src` and what each may import: the one table that the linter, test/tidy and
 * ARCHITECTURE.md ("Layers") follow. An arrow that is not here does not exist; a new one is a
 * decision and belongs into ARCHITECTURE.md first.
 */

export const LAYER_NAMES = [
  "envelope",
  "protocol",
  "domain",
  "machines",
  "ports",
  "runtime",
  "actors",
  "adapters",
  "sim",
  "agent",
  "gateway",
  "cli",
] as const;

export type LayerName = (typeof LAYER_NAMES)[number];

export interface Layer {
  /** Other layers, reached as `#layer/file.ts`. Its own layer is always allowed. */
  readonly mayImport: readonly LayerName[];
  /** Packages and Node modules, as glob patterns; `any`: whatever the job needs. */
  readonly packages: readonly string[] | "any";
  /**
   * pure: no clock, chance, I/O or await: the same call gives the same answer.
   * quiet: no clock or chance of its own either, but it may wait for its ports.
   * world: the outside comes in here.
   */
  readonly inputs: "pure" | "quiet" | "world";
}

export const LAYERS: Readonly<Record<LayerName, Layer>> = {
  envelope: {
    mayImport: [],
    packages: [
      "node:buffer",
      "node:crypto",
      "node:module",
      "@ipld/dag-cbor",
      "@noble/**",
      "cborg",
      "cborg/**",
      "multiformats/**",
      "sodium-native",
    ],
    inputs: "pure",
  },
  protocol: { mayImport: ["envelope"], packages: [], inputs: "pure" },
  domain: { mayImport: ["envelope", "protocol"], packages: [], inputs: "pure" },
  machines: {
    mayImport: ["envelope", "protocol", "domain"],
    packages: ["xstate"],
    inputs: "pure",
  },
  ports: { mayImport: ["envelope", "protocol", "domain"], packages: [], inputs: "quiet" },
  runtime: {
    mayImport: ["envelope", "ports"],
    packages: ["node:buffer", "node:v8", "node:worker_threads", "comlink", "comlink/**", "piscina"],
    inputs: "quiet",
  },
  actors: {
    mayImport: ["envelope", "protocol", "domain", "machines", "ports", "runtime"],
    packages: [],
    inputs: "quiet",
  },
  adapters: { mayImport: ["envelope", "protocol", "ports"], packages: "any", inputs: "world" },
  sim: {
    mayImport: [
      "envelope",
      "protocol",
      "domain",
      "machines",
      "ports",
      "runtime",
      "actors",
      "agent",
    ],
    packages: ["node:buffer", "node:crypto"],
    inputs: "quiet",
  },
  // The SDK runs on its author's machine: it brings that machine's clock and keys itself.
  agent: {
    mayImport: ["envelope", "protocol", "ports", "adapters"],
    packages: "any",
    inputs: "world",
  },
  gateway: {
    mayImport: LAYER_NAMES.filter((name) => !["sim", "gateway", "cli"].includes(name)),
    packages: "any",
    inputs: "world",
  },
  cli: {
    mayImport: LAYER_NAMES.filter((name) => name !== "cli"),
    packages: "any",
    inputs: "world",
  },
};

export interface Exception {
  /** A file, or a folder's files as `folder/*.ts`. */
  readonly files: string;
  readonly packages: readonly string[];
  readonly inputs?: Layer["inputs"];
}

/** Files that may use what their layer's row does not name. */
export const EXCEPTIONS: readonly Exception[] = [
  // The one bridge between XState and the runtime's own `Logic`.
  { files: "src/runtime/logic/xstate.ts", packages: ["xstate"] },
  // Reads definitions (types only) and refuses what could not be hosted; part of the same bridge.
  { files: "src/runtime/logic/hostable.ts", packages: ["xstate"] },
  // A thread is where a clock and a queue of tasks exist; it hands them on as arguments.
  { files: "src/runtime/threads/*.ts", packages: ["node:crypto", "node:url"], inputs: "world" },
];

export const exceptionOf = (path: string): Exception | undefined =>
  EXCEPTIONS.find(
    ({ files }) =>
      files === path ||
      (files.endsWith("/*.ts") && path.slice(0, path.lastIndexOf("/")) === files.slice(0, -5)),
  );

/** Whether `path` of `layer` may see a clock, chance and the outside. */
export const inputsOf = (path: string, layer: LayerName): Layer["inputs"] =>
  exceptionOf(path)?.inputs ?? LAYERS[layer].inputs;

/** What a file of a pure or quiet layer may not name: each would be an input that no log holds. */
export const HIDDEN_INPUTS = [
  "Date",
  "performance",
  "process",
  "console",
  "fetch",
  "crypto",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "globalThis",
  "global",
  "require",
  "WebSocket",
  "navigator",
] as const;
