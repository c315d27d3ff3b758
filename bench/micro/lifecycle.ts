/**
 * Where the CPU of a lifecycle goes: one host and all agents on this one thread, with real signatures and
 * the real store, without copies between threads. One flame shows it all:
 *
 *     node --cpu-prof bench/micro/lifecycle.ts [--seconds 10] [--warmup 10] [--open 512] [--json]
 *
 * Prints lifecycles a second and the CPU for each.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enrolLoad } from "#cli/bench/lifecycle.ts";
import { Load } from "#cli/bench/load-thread.ts";
import { openFolder } from "#cli/swarm/folder.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { microFlags } from "../support/flags.ts";
import { openOneThread } from "../support/one-thread.ts";
import { tellFigures } from "../support/report.ts";

const { seconds, warmup, open, isJson } = microFlags({ seconds: 10, warmup: 10, open: 512 });

const dir = mkdtempSync(join(tmpdir(), "canswarm-lifecycle-"));
const folder = openFolder(join(dir, "data"), {
  name: "bench",
  parameters: parametersOf("local"),
  nowMs: Date.now(),
});
const { swarm, sqlite, add, close } = await openOneThread(folder);
const load = new Load();
await load.open(await enrolLoad(swarm, swarm.placement), sqlite.port());
add((index, port) => load.connect(index, port));
await load.run({ open, ms: warmup * 1000 });
const before = process.threadCpuUsage();
const beforeAll = process.cpuUsage();
const { finalized, durationMs } = await load.run({ open, ms: seconds * 1000 });
const own = process.threadCpuUsage(before);
const all = process.cpuUsage(beforeAll);
const each = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / finalized;
tellFigures(
  "lifecycle",
  [
    { name: "lifecycles", value: (finalized * 1000) / durationMs, unit: "needs/s" },
    { name: "CPU on this thread", value: each(own), unit: "µs/need" },
    { name: "CPU on all threads", value: each(all), unit: "µs/need" },
  ],
  { isJson },
);
await load.close();
await close();
rmSync(dir, { recursive: true, force: true });
process.exit(0);
