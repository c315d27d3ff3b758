/** A worker as a module: functions of the objects that a program would read and print. */

import { write } from "./roman.ts";

interface Ask {
  readonly need: { readonly bounty: string };
  readonly input: { readonly n: number };
}

export const work = ({ input: { n } }: Ask): object => {
  if (!Number.isInteger(n) || n < 1 || n > 3999) return { error: "n must be from 1 to 3999" };
  return { output: write(n), telemetry: { tool: "roman.ts" } };
};

/** Asked in each auction. This one takes half of what is offered, and nothing below 0.5. */
export const bid = ({ need }: Ask): object => {
  const half = Number(need.bounty) / 2;
  return half < 0.5 ? { pass: true } : { price: half.toFixed(2), etaMs: 50 };
};
