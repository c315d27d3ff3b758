/** The newest and fastest: cheapest for large files. */

import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "oxc",
  { tiny: 58n, small: 56n, middle: 52n, large: 30n, huge: 52n },
  200,
);
