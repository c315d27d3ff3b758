/** Thorough and slow: cheapest for tiny files, dear for huge ones. */

import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "terser",
  { tiny: 30n, small: 52n, middle: 58n, large: 64n, huge: 70n },
  1500,
);
