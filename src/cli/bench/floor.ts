/** Runs the floor on as many threads as the product has busy: the hosts, which share the cores with it. */

import { mkdtempSync, openSync, closeSync, fdatasyncSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { BUCKETS } from "#envelope/cid.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import type { FloorControl } from "./floor-thread.ts";

export interface FloorRun {
  readonly threads: number;
  readonly ms: number;
  readonly signed: number;
  readonly committed: number;
  readonly records: number;
}

/** Envelopes per second. */
export const floorPerSecond = async ({ threads, ms, ...batches }: FloorRun): Promise<number> => {
  const dir = mkdtempSync(join(tmpdir(), "canswarm-floor-"));
  const sqlite = await openSqlite(dir);
  try {
    const results = await Promise.all(
      Array.from({ length: threads }, async (_, i) => {
        const worker = new Worker(new URL(import.meta.resolve("#cli/bench/floor-thread.ts")), {
          name: `floor/${i}`,
        });
        const control = Comlink.wrap<FloorControl>(nodeEndpoint(worker));
        const port = sqlite.port();
        // As the product's buckets: a turn has one record of each at the most.
        const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(
          (bucket) => bucket % threads === i,
        );
        const result = await control.run(
          { ms, ...batches, buckets },
          Comlink.transfer(port, [port]),
        );
        await worker.terminate();
        return (result.envelopes * 1000) / result.ms;
      }),
    );
    return results.reduce((sum, rate) => sum + rate, 0);
  } finally {
    await sqlite.close();
    rmSync(dir, { recursive: true, force: true });
  }
};

/** Bare fdatasyncs per second of 4 KiB appended to a file under this folder. */
export const fsyncPerSecond = (ms: number, folder = tmpdir()): number => {
  const dir = mkdtempSync(join(folder, ".canswarm-fsync-"));
  const file = openSync(join(dir, "f"), "w");
  const block = new Uint8Array(4096);
  const startedMs = performance.now();
  let count = 0;
  for (; performance.now() - startedMs < ms; count += 1) {
    writeSync(file, block);
    fdatasyncSync(file);
  }
  const rate = (count * 1000) / (performance.now() - startedMs);
  closeSync(file);
  rmSync(dir, { recursive: true, force: true });
  return Math.round(rate);
};
