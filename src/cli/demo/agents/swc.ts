/** Cheapest in the middle. */

import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "swc",
  { small: 50n, middle: 42n, large: 48n },
  400,
);
