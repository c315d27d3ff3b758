/**
 * Heap of one live need that nothing happens to: the whole host on this thread, recovered from a log with
 * so many needs, against one without any, both after a collection. Beside it: the bytes of its log.
 * `--idle`: seconds in which nothing happens before that; after 40, and 10 for each 2,048 needs, all that
 * may rest does so. Run: node bench/micro/heap.ts [--needs 10000] [--idle 90] [--json]
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setTimeout as delay } from "node:timers/promises";
import { microFlags } from "../support/flags.ts";
import { benchFolder, fillAndKill, liveNeeds, patientFolder } from "../support/market.ts";
import { openOneThread } from "../support/one-thread.ts";
import { recordsIn } from "../support/records.ts";
import { note, tellFigures } from "../support/report.ts";

const { needs, idle, isJson } = microFlags({ needs: 10_000, idle: 90 });
const SECOND_MS = 1_000;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

interface Used {
  readonly heap: number;
  /** Of buffers, which lie outside of the heap. */
  readonly buffers: number;
}

/** What the host of a folder holds when all of its buckets answer. */
const usedBy = async (dir: string, live: number): Promise<Used> => {
  const { swarm, close } = await openOneThread(patientFolder(dir));
  const found = await liveNeeds(swarm);
  if (found !== live) throw new Error(`${found} of ${live} needs are live`);
  if (live > 0) await delay(idle * SECOND_MS);
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  await close();
  return { heap: heapUsed, buffers: arrayBuffers };
};

const measured = async () => {
  using empty = benchFolder();
  using full = benchFolder();
  note(`posting ${needs} needs`);
  await fillAndKill(full.dir, needs);
  const { bytes } = await recordsIn(full.dir);
  // Once for what is loaded and compiled only then.
  await usedBy(empty.dir, 0);
  const before = await usedBy(empty.dir, 0);
  const after = await usedBy(full.dir, needs);
  const each = (kind: keyof Used): number => (after[kind] - before[kind]) / needs;
  return { heap: each("heap"), buffers: each("buffers"), logBytes: bytes / needs };
};

const { heap, buffers, logBytes } = await measured();
const floor = { name: "its log's bytes", value: logBytes };
tellFigures(
  "heap",
  [
    { name: "heap of a live need", value: heap, unit: "bytes", floor },
    { name: "heap and buffers", value: heap + buffers, unit: "bytes", floor },
  ],
  { isJson },
);
process.exit(0);
