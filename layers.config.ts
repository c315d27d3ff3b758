/**
 * The layers of `src` and what each may import: the one table that the linter, test/tidy and
 * ARCHITECTURE.md ("Layers") follow. An arrow that is not here does not exist; a new one is a decision
 * and belongs into ARCHITECTURE.md first.
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
  agent: { mayImport: ["envelope", "protocol", "ports"], packages: "any", inputs: "world" },
  gateway: {
    mayImport: LAYER_NAMES.filter((name) => name !== "sim"),
    packages: "any",
    inputs: "world",
  },
  cli: { mayImport: LAYER_NAMES, packages: "any", inputs: "world" },
};

/** The files in which a package may be used that its layer's list does not name. */
export const EXCEPTIONS: readonly { readonly file: string; readonly packages: string[] }[] = [
  // The one bridge between XState and the runtime's own `Logic`.
  { file: "src/runtime/logic/xstate.ts", packages: ["xstate"] },
  // Reads definitions (types only) and refuses what could not be hosted; part of the same bridge.
  { file: "src/runtime/logic/hostable.ts", packages: ["xstate"] },
];

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
