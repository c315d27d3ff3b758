/**
 * Group commit of the embedded store: bucket writes a second at 1 … 256 buckets per transaction, one
 * record of 2 KiB each, in the thread itself and through the store's thread, beside the same bytes in one
 * write and one fdatasync.
 * Run: node bench/micro/commit.ts [--ms 1000] [--json]
 */
import { hash } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "#adapters/sqlite/client.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { SqliteStoreCore } from "#adapters/sqlite/store.ts";
import type { BucketWrite, Epoch, Head } from "#ports/store.ts";
import { microFlags } from "../support/flags.ts";
import { ratePerSecond } from "../support/rate.ts";
import { tellFigures, type Figure } from "../support/report.ts";

const { ms, isJson } = microFlags({ ms: 1_000 });

const RECORD_BYTES = 2_048;
const GROUPS = [1, 8, 64, 256];

const next = (head: Head, epoch: Epoch): BucketWrite => {
  const { bucket, hash: parent } = head;
  const bytes = new Uint8Array(RECORD_BYTES);
  new DataView(bytes.buffer).setUint32(0, head.records);
  bytes[4] = bucket;
  const own = new Uint8Array(hash("sha256", bytes, "buffer"));
  const counts = { records: head.records + 1, size: head.size + 8 };
  const moved = { bucket, epoch, ...counts, hash: own };
  const records = [{ hash: own, parent, bytes }];
  return { bucket, epoch, parent, records, head: moved, decides: [], decided: [] };
};

const dir = mkdtempSync(join(tmpdir(), "canswarm-bench-"));
try {
  const bare = new Map<number, number>();
  for (const group of GROUPS) {
    const file = openSync(join(dir, "bare"), "w");
    const records = new Uint8Array(RECORD_BYTES * group);
    const rate = await ratePerSecond({ units: group, ms }, () => {
      writeSync(file, records, 0, records.byteLength, 0);
      fdatasyncSync(file);
    });
    closeSync(file);
    bare.set(group, rate);
  }
  const figures: Figure[] = [];
  const add = (way: string, group: number, value: number): void =>
    void figures.push({
      name: `buckets of ${group} a transaction, ${way}`,
      value,
      unit: "writes/s",
      floor: { name: "their records in one write and fdatasync", value: bare.get(group) ?? 0 },
    });

  const core = SqliteStoreCore.open(join(dir, "core"));
  for (const group of GROUPS) {
    const buckets = Array.from({ length: group }, (_, bucket) => bucket);
    const [led] = core.changeSync([{ kind: "lead", buckets }]);
    if (led?.kind !== "lead") throw new Error("not led");
    let heads = buckets.map((bucket) => core.head(bucket));
    const rate = await ratePerSecond({ units: group, ms }, () => {
      const writes = heads.map((head) => next(head, led.epoch));
      if (core.commitSync(writes).some(({ kind }) => kind !== "committed")) throw new Error("lost");
      heads = writes.map(({ head }) => head);
    });
    add("in the thread", group, rate);
  }
  core.close();

  const thread = await openSqlite(join(dir, "thread"));
  for (const group of GROUPS) {
    const store = connect(thread.port());
    const buckets = Array.from({ length: group }, (_, bucket) => bucket);
    const epoch = await store.lead(buckets);
    let heads = await Promise.all(buckets.map((bucket) => store.head(bucket)));
    const rate = await ratePerSecond({ units: group, ms }, async () => {
      const writes = heads.map((head) => next(head, epoch));
      await store.commit(writes);
      heads = writes.map(({ head }) => head);
    });
    add("over a port", group, rate);
  }
  await thread.close();
  tellFigures("commit", figures, { isJson });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
