/** Fast at any size; cheapest for huge files, where it saves the most time. */

import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "esbuild",
  { tiny: 60n, small: 56n, middle: 54n, large: 52n, huge: 30n },
  300,
);
