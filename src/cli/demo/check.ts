/**
 * What a verifier of the main job checks. A result declares its recipe: tool, version and all options.
 *
 *   a known tool      runs again; every byte must be the same
 *   an unknown tool   nobody here can run it, so probes compare what it does (probe/probe.ts)
 *   no recipe         abstain: nobody could ever make it again, however good it looks
 *
 * Sizes are checked in any case.
 */

import {
  TOOLS,
  allowedOptions,
  byteLength,
  minify,
  versionOf,
  type Minified,
  type Options,
  type SourceFile,
  type Tool,
} from "./minifiers.ts";
import { probe } from "./probe/probe.ts";

export interface Judgement {
  readonly verdict: "pass" | "fail" | "abstain";
  readonly reason: string;
}

/** The two ways to look at a file, which a test or a table of many checks may remember. */
export interface Means {
  readonly again: (tool: Tool, options: Options, file: SourceFile) => Promise<string>;
  readonly probe: (file: SourceFile, delivered: string) => Promise<Judgement>;
}

const MEANS: Means = {
  again: (tool, options, file) => minify(tool, options, file.text),
  probe,
};

const fail = (reason: string): Judgement => ({ verdict: "fail", reason });

const RECIPE = ["options", "tool", "version"];
const RESULT = ["bytesIn", "bytesOut", "code"];
const FIELDS = [...RECIPE, ...RESULT];

/** JSON with sorted keys, so that two spellings of the same options are equal. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

type Result = Pick<Minified, "bytesIn" | "bytesOut" | "code"> & Partial<Minified>;

const readResult = (output: unknown): Result | undefined => {
  if (typeof output !== "object" || output === null) return undefined;
  const keys = Object.keys(output);
  if (keys.some((key) => !FIELDS.includes(key))) return undefined;
  if (RESULT.some((key) => !keys.includes(key))) return undefined;
  return typeof (output as Result).code === "string" ? (output as Result) : undefined;
};

const readRecipe = ({ tool, version, options }: Result) =>
  typeof tool === "string" &&
  typeof version === "string" &&
  typeof options === "object" &&
  options !== null
    ? { tool, version, options }
    : undefined;

const firstDifference = (a: Buffer, b: Buffer): number => {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
};

/** Judge one delivery. */
export const checkMinified = async (
  file: SourceFile,
  output: unknown,
  means = MEANS,
): Promise<Judgement> => {
  const given = readResult(output);
  if (given === undefined)
    return fail(`the output has other fields than ${FIELDS.toSorted().join(", ")}`);
  if (given.bytesIn !== byteLength(file.text)) return fail("bytesIn is not the size of the input");
  if (given.bytesOut !== byteLength(given.code))
    return fail("bytesOut is not the size of the code");
  const recipe = readRecipe(given);
  if (recipe === undefined)
    return { verdict: "abstain", reason: "no tool, version and options are declared" };
  const tool = TOOLS.find((one) => one === recipe.tool);
  if (tool === undefined) return means.probe(file, given.code);
  if (recipe.version !== versionOf(tool))
    return fail(`the declared version of ${tool} is not the pinned ${versionOf(tool)}`);
  const declared = canonical(recipe.options);
  const options = allowedOptions(tool, file).find((one) => canonical(one) === declared);
  if (options === undefined)
    return fail(`the declared options of ${tool} are not allowed for this file`);
  let again: string;
  try {
    again = await means.again(tool, options, file);
  } catch {
    return fail(`${tool} does not accept this file, so it cannot have made this code`);
  }
  const [claimed, made] = [Buffer.from(given.code), Buffer.from(again)];
  return claimed.equals(made)
    ? { verdict: "pass", reason: `${tool} gives the same ${made.length} bytes again` }
    : fail(`${tool} gives other bytes from byte ${firstDifference(claimed, made)} on`);
};
