/**
 * How long a supervisor with so many live needs takes from its start until every bucket answers: after it
 * was killed in the middle, and after an orderly stop. Beside it: the same records read and hashed.
 * Run: node bench/micro/recovery.ts [--needs 10000] [--json]
 */
import { hashRecord } from "#runtime/log/record.ts";
import { microFlags } from "../support/flags.ts";
import {
  allAnswer,
  benchFolder,
  fillAndKill,
  liveNeeds,
  openBenchSwarm,
} from "../support/market.ts";
import { tookMs } from "../support/rate.ts";
import { recordsIn } from "../support/records.ts";
import { note, tellFigures, type Figure } from "../support/report.ts";

const { needs, isJson } = microFlags({ needs: 10_000 });

using folder = benchFolder();
note(`posting ${needs} needs, then killing`);
await fillAndKill(folder.dir, needs);
const readMs = await tookMs(async () => {
  const { byBucket } = await recordsIn(folder.dir);
  for (const records of byBucket.values()) for (const record of records) hashRecord(record);
});
const floor = { name: "the records read and hashed", value: readMs };

const figures: Figure[] = [];
for (const after of ["a kill", "an orderly stop"]) {
  const beginMs = performance.now();
  const swarm = await openBenchSwarm(folder.dir);
  await allAnswer(swarm);
  const value = performance.now() - beginMs;
  const found = await liveNeeds(swarm);
  await swarm.close(false);
  if (found !== needs) throw new Error(`${found} of ${needs} needs are live`);
  figures.push({
    name: `recovery of ${needs} live needs after ${after}`,
    value,
    unit: "ms",
    floor,
  });
}
tellFigures("recovery", figures, { isJson });
