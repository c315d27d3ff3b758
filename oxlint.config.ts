import { defineConfig } from "oxlint";
import {
  EXCEPTIONS,
  type Exception,
  HIDDEN_INPUTS,
  LAYERS,
  LAYER_NAMES,
  type LayerName,
} from "./layers.config.ts";

/**
 * Overlapping overrides do not merge, so each file of src is matched by exactly one of them and each
 * holds its complete allow-list. What a relative import may reach depends on the folder's depth:
 * `../` of a file that lies directly in its layer would leave the layer.
 */
const DEPTHS = [
  { files: (name: string) => `src/${name}/*.ts`, relative: ["!./**"] },
  { files: (name: string) => `src/${name}/*/*.ts`, relative: ["!./**", "!../*", "!../*/*"] },
  {
    files: (name: string) => `src/${name}/*/*/**/*.ts`,
    relative: ["!./**", "!../*", "!../*/*", "!../../*", "!../../*/*"],
  },
];
/** One `..` too many: it would lead into another layer. */
const TOO_HIGH = [["../**"], ["../../**"], ["../../../**"]];

const HIDDEN = HIDDEN_INPUTS.map((name) => ({
  name,
  message: "time, chance and the world are arguments in this layer (STYLE.md 2)",
}));

const rulesOf = (name: LayerName, depth: number, exception?: Exception) => {
  const layer = LAYERS[name];
  const borders = [...new Set([...layer.mayImport, name])].map((other) => `!#${other}/**`);
  const anyPackage = layer.packages === "any";
  const allowed = [
    ...(layer.packages === "any" ? [] : layer.packages),
    ...(exception?.packages ?? []),
  ];
  const reach = DEPTHS[depth]?.relative ?? [];
  const group = anyPackage
    ? ["#*/**", "./**", "../**", ...borders, ...reach, ...(TOO_HIGH[depth] ?? [])]
    : ["**", ...borders, ...reach, ...(TOO_HIGH[depth] ?? []), ...allowed.map((one) => `!${one}`)];
  const quiet = (exception?.inputs ?? layer.inputs) !== "world";
  return {
    "no-restricted-imports": [
      "error",
      { patterns: [{ group, message: `not allowed in src/${name}: see layers.config.ts` }] },
    ],
    ...(quiet ? { "no-restricted-globals": ["error", ...HIDDEN] } : {}),
    ...(quiet
      ? {
          "no-restricted-properties": [
            "error",
            { object: "Math", property: "random", message: "chance is an argument (STYLE.md 2)" },
          ],
        }
      : {}),
  };
};

const layerOverrides = LAYER_NAMES.flatMap((name) =>
  DEPTHS.map((depth, index) => ({
    files: [depth.files(name)],
    excludeFiles: EXCEPTIONS.map((one) => one.files),
    rules: rulesOf(name, index),
  })),
);

const exceptionOverrides = EXCEPTIONS.map((one) => ({
  files: [one.files],
  rules: rulesOf(one.files.split("/")[1] as LayerName, 1, one),
}));

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "vitest"],
  categories: { correctness: "error" },
  rules: {
    "typescript/no-explicit-any": "error",
    "typescript/ban-ts-comment": ["error", { "ts-expect-error": "allow-with-description" }],
    "typescript/no-require-imports": "error",
    "typescript/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
    "import/no-default-export": "error",
    "import/no-cycle": ["error", { ignoreTypes: true }],
    "vitest/no-focused-tests": "error",
    "vitest/no-disabled-tests": "error",
    // A table or property test may have rows of two kinds.
    "vitest/no-conditional-expect": "off",
    "vitest/valid-title": "off",
    // Some tests assert through a function of test/support; `expect(value, why)` is ours.
    "vitest/expect-expect": "off",
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    "eslint/no-unused-vars": [
      "error",
      { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" },
    ],
    "eslint/prefer-const": "error",
    "eslint/no-var": "error",
    "eslint/eqeqeq": "error",
    // `new Array<bigint>(n).fill(0n)` says what it means.
    "unicorn/no-new-array": "off",
  },
  overrides: [
    { files: ["*.config.ts", "deploy/*.config.mjs"], rules: { "import/no-default-export": "off" } },
    ...layerOverrides,
    ...exceptionOverrides,
  ],
  ignorePatterns: ["dist", "node_modules"],
} as Parameters<typeof defineConfig>[0]);
