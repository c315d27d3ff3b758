/** Cheapest in the middle. */

import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "swc",
  { tiny: 54n, small: 52n, middle: 30n, large: 52n, huge: 58n },
  400,
);
