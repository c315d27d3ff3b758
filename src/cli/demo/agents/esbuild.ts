/** Fast at any size; cheapest for large files, where it saves the most time. */

import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "esbuild",
  { small: 55n, middle: 50n, large: 40n },
  300,
);
