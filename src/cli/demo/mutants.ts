/**
 * Is the verifier itself any good? Accepted results are changed in every way that a cheat might, and given to
 * it once more. A changed result that it passes has to be true after all (another recipe that makes the
 * very same bytes); else it was missed.
 */

import { blend, BLEND } from "./blend.ts";
import { checkMinified, type Judgement, type Means } from "./check.ts";
import { allowedOptions, minify, TOOLS, type Minified, type SourceFile } from "./minifiers.ts";
import { probe } from "./probe/probe.ts";

export const MUTANT_KINDS = [
  "operator swapped",
  "statement dropped",
  "export renamed",
  "byte flipped",
  "code cut short",
  "size told wrong",
  "recipe changed",
  "recipe withheld",
  "unknown tool told",
] as const;
export type MutantKind = (typeof MUTANT_KINDS)[number];

export interface Mutant {
  readonly kind: MutantKind;
  readonly output: unknown;
  /** Only its recipe differs: where it is passed, that must make the same bytes. */
  readonly sameResult: boolean;
}

export interface MutantRow {
  readonly kind: MutantKind;
  readonly tried: number;
  /** Failed, or not judged for want of grounds: never passed. */
  readonly caught: number;
  /** Passed, and true. */
  readonly same: number;
  readonly missed: number;
}

/** Changes of one kind in one file; a large file would else drown the small ones. */
const EACH_MAX = 25;
const HALF = 2;
/** Results that are changed. */
const MUTATED_MAX = 30;
/** Files whose changed results are really run, small ones: each result costs a process. */
const PROBED_FILES = 2;
const PROBED_BYTES_MAX = 3 * 1024;

const OPERATORS: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "==": "!=",
  "!=": "==",
  "&&": "||",
  "||": "&&",
  "<=": "<",
  ">=": ">",
  "<": "<=",
  ">": ">=",
  "+": "-",
  "-": "+",
  "*": "+",
  "!": " ",
};
const OPERATOR = /=>|===|!==|==|!=|&&|\|\||<=|>=|[<>+\-*!]/g;

const spread = <T>(all: readonly T[], most = EACH_MAX): T[] =>
  all
    .filter(
      (_, n) => Math.floor((n * most) / all.length) !== Math.floor(((n - 1) * most) / all.length),
    )
    .slice(0, most);

const swapped = (code: string): string[] =>
  spread([...code.matchAll(OPERATOR)].filter(([found]) => found in OPERATORS)).map(
    ({ 0: found, index }) =>
      code.slice(0, index) + OPERATORS[found]! + code.slice(index + found.length),
  );

const dropped = (code: string): string[] => {
  const parts = code.split(/(?<=[;,{}])/);
  return spread(parts.map((_, n) => n)).map((n) => parts.filter((__, at) => at !== n).join(""));
};

const renamed = (code: string): string[] =>
  spread([...code.matchAll(/\bexports\.\w+|\bas \w+(?=[,}])|\bexport \w+ \w+/g)]).map(
    ({ 0: found, index }) => `${code.slice(0, index)}${found}_${code.slice(index + found.length)}`,
  );

const flipped = (code: string): string[] => {
  const bytes = Buffer.from(code);
  return spread([...bytes.keys()]).map((at) => {
    const other = Buffer.from(bytes);
    other[at] = other[at]! ^ 1;
    return other.toString("utf8");
  });
};

const cut = (code: string): string[] => ["", code.slice(0, code.length / HALF), code.slice(0, -1)];

const CODE_KINDS: readonly [MutantKind, (code: string) => string[]][] = [
  ["operator swapped", swapped],
  ["statement dropped", dropped],
  ["export renamed", renamed],
  ["byte flipped", flipped],
  ["code cut short", cut],
];

const withCode = (honest: Minified, code: string): Minified => ({
  ...honest,
  code,
  bytesOut: Buffer.byteLength(code),
});

const without = (honest: Minified, name: keyof Minified): unknown =>
  Object.fromEntries(Object.entries(honest).filter(([key]) => key !== name));

const recipesFor = (honest: Minified, file: SourceFile): Minified[] => [
  { ...honest, version: `${honest.version}-1` },
  { ...honest, options: {} },
  { ...honest, options: { ...honest.options, drop: ["console"] } },
  ...TOOLS.filter((tool) => tool !== honest.tool).map((tool) => ({ ...honest, tool })),
  ...TOOLS.filter((tool) => tool === honest.tool).flatMap((tool) =>
    allowedOptions(tool, file)
      .slice(1)
      .map((options) => ({ ...honest, options })),
  ),
];

/** All that is tried on one accepted result. */
export const mutantsOf = (honest: Minified, file: SourceFile): Mutant[] => [
  ...CODE_KINDS.flatMap(([kind, change]) =>
    change(honest.code)
      .filter((code) => code !== honest.code)
      .map((code) => ({ kind, output: withCode(honest, code), sameResult: false })),
  ),
  ...[-1, 1].flatMap((by) =>
    (["bytesIn", "bytesOut"] as const).map((name) => ({
      kind: "size told wrong" as const,
      output: { ...honest, [name]: honest[name] + by },
      sameResult: false,
    })),
  ),
  ...recipesFor(honest, file).map((output) => ({
    kind: "recipe changed" as const,
    output,
    sameResult: true,
  })),
  ...(["tool", "version", "options"] as const).map((name) => ({
    kind: "recipe withheld" as const,
    output: without(honest, name),
    sameResult: false,
  })),
];

/** A lie of each kind that claims to come from a tool that no verifier has. */
const behindUnknown = async (file: SourceFile): Promise<Mutant[]> => {
  const honest = await blend(file);
  return CODE_KINDS.flatMap(([, change]) => change(honest.code).slice(0, 1))
    .filter((code) => code !== honest.code)
    .map((code) => ({
      kind: "unknown tool told",
      output: withCode(honest, code),
      sameResult: false,
    }));
};

/** Every tool runs once for each file and set of options: it gives the same bytes each time. */
const rememberingMeans = (): Means => {
  const made = new Map<string, Promise<string>>();
  return {
    again: (tool, options, file) => {
      const key = JSON.stringify([tool, options, file.path]);
      const known = made.get(key) ?? minify(tool, options, file.text);
      made.set(key, known);
      return known;
    },
    probe,
  };
};

/** Of all accepted results, as many as are changed: from all parts of the list, and all of `blend`. */
export const sampleOf = (accepted: readonly Accepted[], most = MUTATED_MAX): Accepted[] => {
  const own = accepted.filter(({ output }) => output.tool === BLEND);
  const others = accepted.filter(({ output }) => output.tool !== BLEND);
  return [...own, ...(others.length <= most ? others : spread(others, most))];
};

export interface Accepted {
  readonly file: SourceFile;
  readonly output: Minified;
}

/** `check` is the verifier that is put to the test. */
export const tryMutants = async (
  accepted: readonly Accepted[],
  check: (file: SourceFile, output: unknown, means: Means) => Promise<Judgement> = checkMinified,
): Promise<MutantRow[]> => {
  const rows = new Map(
    MUTANT_KINDS.map((kind) => [kind, { kind, tried: 0, caught: 0, same: 0, missed: 0 }]),
  );
  const means = rememberingMeans();
  const put = async (file: SourceFile, { kind, output, sameResult }: Mutant): Promise<void> => {
    const row = rows.get(kind)!;
    const { verdict } = await check(file, output, means);
    row.tried += 1;
    if (verdict !== "pass") row.caught += 1;
    else if (sameResult) row.same += 1;
    else row.missed += 1;
  };
  const known = accepted.filter(({ output }) => output.tool !== BLEND);
  for (const { file, output } of known)
    for (const mutant of mutantsOf(output, file)) await put(file, mutant);
  const small = accepted
    .filter(({ file }) => file.text.length <= PROBED_BYTES_MAX)
    .sort((a, b) => Number(b.output.tool === BLEND) - Number(a.output.tool === BLEND))
    .slice(0, PROBED_FILES);
  const probed = await Promise.all(
    small.map(async ({ file }) => (await behindUnknown(file)).map((mutant) => ({ file, mutant }))),
  );
  await Promise.all(probed.flat().map(({ file, mutant }) => put(file, mutant)));
  return [...rows.values()];
};
