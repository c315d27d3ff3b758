/** A verifier as a module. Functions may be async; what they throw is an abstention. */

import { read } from "./roman.ts";

interface Ask {
  readonly input: { readonly n: number };
  readonly output: unknown;
}

export const judge = async ({ input, output }: Ask): Promise<object> => {
  if (typeof output !== "string" || !/^[IVXLCDM]+$/.test(output))
    return { verdict: "fail", reason: "that is no Roman numeral" };
  if (/(IIII|XXXX|CCCC|VV|LL|DD)/.test(output)) return { verdict: "fail", reason: "not shortest" };
  const n = read(output);
  return n === input.n ? { verdict: "pass" } : { verdict: "fail", reason: `it reads ${n}` };
};
