/**
 * Keeps what a bench printed: one line more of a history (its form: bench/support/history.ts).
 *
 * Usage: npx canswarm bench --json | node bench/history.ts [--file bench/history.jsonl]
 */

import { appendFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { lineOf } from "./support/history.ts";
import { note, revisionOf } from "./support/report.ts";

const { values } = parseArgs({
  options: { file: { type: "string", default: `${import.meta.dirname}/history.jsonl` } },
});
const output = await text(process.stdin);
try {
  const line = lineOf(output, { date: new Date().toISOString(), revision: revisionOf() });
  appendFileSync(values.file, `${JSON.stringify(line)}\n`);
  note(`${line.bench} of ${line.revision}: ${Object.keys(line.figures).length} figures kept`);
} catch (error) {
  if (!(error instanceof SyntaxError)) throw error;
  note(`nothing kept: ${error.message}. Pipe in what a bench prints with --json`);
  process.exitCode = 1;
}
