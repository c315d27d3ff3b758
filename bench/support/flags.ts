/** Flags that every micro-bench takes. */

import { parseArgs } from "node:util";
import { note } from "./report.ts";

/** `--json`, and the numbers of `defaults` by their names; ends the process where one is no number. */
export const microFlags = <N extends string>(
  defaults: Readonly<Record<N, number>>,
): Readonly<Record<N, number>> & { readonly isJson: boolean } => {
  const names = Object.keys(defaults) as N[];
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      ...Object.fromEntries(names.map((name) => [name, { type: "string" } as const])),
    },
  });
  const given = values as Readonly<Record<string, string | boolean | undefined>>;
  const numbers = names.map((name) => [name, Number(given[name] ?? defaults[name])] as const);
  for (const [name, value] of numbers) {
    if (value > 0) continue;
    note(`usage: --${name} takes a number above 0`);
    process.exit(2);
  }
  const told = Object.fromEntries(numbers) as Record<N, number>;
  return { ...told, isJson: given["json"] === true };
};
