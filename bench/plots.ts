/**
 * A history (bench/history.ts) as one HTML page of plots that needs no network.
 *
 * Usage: node bench/plots.ts [--file bench/history.jsonl] [--out bench/plots.html]
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { historyOf } from "./support/history.ts";
import { plotsPage } from "./support/plots-page.ts";
import { note } from "./support/report.ts";

const { values } = parseArgs({
  options: {
    file: { type: "string", default: `${import.meta.dirname}/history.jsonl` },
    out: { type: "string", default: `${import.meta.dirname}/plots.html` },
  },
});
if (existsSync(values.file)) {
  const history = historyOf(readFileSync(values.file, "utf8"));
  writeFileSync(values.out, plotsPage(history));
  note(`${history.length} runs`);
  process.stdout.write(`${values.out}\n`);
} else {
  note(
    `there is no ${values.file}; keep a run first: npx canswarm bench --json | node bench/history.ts`,
  );
  process.exitCode = 1;
}
