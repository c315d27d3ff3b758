/**
 * Entries replayed a second, every derived one compared byte for byte, beside the same records hashed
 * and nothing else. The log is that of lifecycles just run; records lie in memory for both.
 * Run: node bench/micro/replay.ts [--seconds 5] [--open 256] [--json]
 */
import { createApplication } from "#actors/application.ts";
import { hashRecord } from "#runtime/log/record.ts";
import { replayLogs, type Replayed } from "#runtime/replay/replay.ts";
import { microFlags } from "../support/flags.ts";
import { benchFolder, liveThrough } from "../support/market.ts";
import { tookMs } from "../support/rate.ts";
import { recordsIn } from "../support/records.ts";
import { note, tellFigures } from "../support/report.ts";

const { seconds, open, isJson } = microFlags({ seconds: 5, open: 256 });

using folder = benchFolder();
const finalized = await liveThrough(folder.dir, seconds * 1_000, open);
const { byBucket, count, bytes, genesisBytes } = await recordsIn(folder.dir);
const app = createApplication(genesisBytes);
let replayed: Replayed | undefined;
const replayMs = await tookMs(async () => {
  replayed = await replayLogs(app, [...byBucket.keys()], (bucket) => byBucket.get(bucket) ?? []);
});
const hashMs = await tookMs(() => {
  for (const records of byBucket.values()) for (const record of records) hashRecord(record);
});
const entries = replayed?.entries ?? 0;
note(`${finalized} needs, ${entries} entries in ${count} records, ${bytes} bytes`);
tellFigures(
  "replay",
  [
    {
      name: "entries replayed",
      value: (entries * 1_000) / replayMs,
      unit: "entries/s",
      floor: { name: "their records hashed", value: (entries * 1_000) / hashMs },
    },
    { name: "needs replayed", value: (finalized * 1_000) / replayMs, unit: "needs/s" },
  ],
  { isJson },
);
