/** Thorough and slow: cheapest for small files, dear for large ones. */

import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "terser",
  { small: 40n, middle: 52n, large: 65n },
  1_500,
);
