/** The oldest, and the smallest output: cheapest for small files. What it cannot read it does not bid on. */

import { uglifyReads } from "../minifiers.ts";
import { minifyWorker } from "./minify-worker.ts";

export const { bid, work, close } = minifyWorker(
  "uglify",
  { tiny: 52n, small: 30n, middle: 54n, large: 60n, huge: 66n },
  1500,
  uglifyReads,
);
