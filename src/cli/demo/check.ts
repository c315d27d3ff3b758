/** What a verifier of the main job checks: that the declared tool, run again, gives these very bytes. */

import {
  TOOLS,
  allowedOptions,
  byteLength,
  minify,
  versionOf,
  type Minified,
  type SourceFile,
} from "./minifiers.ts";

export interface Judgement {
  readonly verdict: "pass" | "fail";
  readonly reason: string;
}

const fail = (reason: string): Judgement => ({ verdict: "fail", reason });

const FIELDS = ["bytesIn", "bytesOut", "code", "options", "tool", "version"];

/** JSON with sorted keys, so that two spellings of the same options are equal. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const readOutput = (output: unknown): Minified | undefined => {
  if (typeof output !== "object" || output === null) return undefined;
  if (Object.keys(output).sort().join() !== FIELDS.join()) return undefined;
  const { code, options, ...rest } = output as Minified;
  if (typeof code !== "string" || typeof options !== "object" || options === null) return undefined;
  return { code, options, ...rest };
};

const firstDifference = (a: Buffer, b: Buffer): number => {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
};

/** Judge one delivery. Everything that is not exactly what was declared fails, with the reason. */
export const checkMinified = async (file: SourceFile, output: unknown): Promise<Judgement> => {
  const given = readOutput(output);
  if (given === undefined)
    return fail(`the output has not exactly the fields ${FIELDS.join(", ")}`);
  const tool = TOOLS.find((one) => one === given.tool);
  if (tool === undefined) return fail("the declared tool is not one of the three");
  if (given.version !== versionOf(tool))
    return fail(`the declared version of ${tool} is not the pinned ${versionOf(tool)}`);
  const declared = canonical(given.options);
  const options = allowedOptions(tool, file).find((one) => canonical(one) === declared);
  if (options === undefined)
    return fail(`the declared options of ${tool} are not allowed for this file`);
  if (given.bytesIn !== byteLength(file.text)) return fail("bytesIn is not the size of the input");
  if (given.bytesOut !== byteLength(given.code))
    return fail("bytesOut is not the size of the code");
  let again: string;
  try {
    again = await minify(tool, options, file.text);
  } catch {
    return fail(`${tool} does not accept this file, so it cannot have made this code`);
  }
  const [claimed, made] = [Buffer.from(given.code), Buffer.from(again)];
  return claimed.equals(made)
    ? { verdict: "pass", reason: `${tool} gives the same ${made.length} bytes again` }
    : fail(`${tool} gives other bytes from byte ${firstDifference(claimed, made)} on`);
};
