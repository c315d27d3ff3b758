/**
 * Group commit of the embedded store: bucket writes a second at 1 … 256 buckets per transaction, one
 * record of 2 KiB each, in the thread itself and through the store's thread, with the number of bare
 * fdatasyncs a second of the same disk beside it.
 * Run: node bench/micro/commit.ts
 */
import { hash } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "#adapters/sqlite/client.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { SqliteStoreCore } from "#adapters/sqlite/store.ts";
import type { BucketWrite, Epoch, Head } from "#ports/store.ts";

const RECORD_BYTES = 2_048;
const RUN_MS = 1_000;
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

const perSecond = async (units: number, run: () => unknown): Promise<number> => {
  for (let n = 0; n < 20; n++) await run();
  const begin = performance.now();
  let done = 0;
  while (performance.now() - begin < RUN_MS) {
    await run();
    done += units;
  }
  return (done * 1_000) / (performance.now() - begin);
};

const show = (what: string, perS: number, group?: number): void => {
  const rate = Math.round(perS).toLocaleString("en").padStart(9);
  const note = group === undefined ? "" : `  ${Math.round(perS / group)} transactions/s`;
  console.log(`${what.padEnd(44)} ${rate}/s${note}`);
};

const dir = mkdtempSync(join(tmpdir(), "canswarm-bench-"));
try {
  const file = openSync(join(dir, "bare"), "w");
  const page = new Uint8Array(4_096);
  const bare = await perSecond(1, () => {
    writeSync(file, page, 0, page.byteLength, 0);
    fdatasyncSync(file);
  });
  closeSync(file);
  show("bare write of 4 KiB and fdatasync", bare);

  const core = SqliteStoreCore.open(join(dir, "core"));
  for (const group of GROUPS) {
    const buckets = Array.from({ length: group }, (_, bucket) => bucket);
    const [led] = core.changeSync([{ kind: "lead", buckets }]);
    if (led?.kind !== "lead") throw new Error("not led");
    let heads = buckets.map((bucket) => core.head(bucket));
    const rate = await perSecond(group, () => {
      const writes = heads.map((head) => next(head, led.epoch));
      if (core.commitSync(writes).some(({ kind }) => kind !== "committed")) throw new Error("lost");
      heads = writes.map(({ head }) => head);
    });
    show(`writes, ${group} buckets a transaction, in the thread`, rate, group);
  }
  core.close();

  const thread = await openSqlite(join(dir, "thread"));
  for (const group of GROUPS) {
    const store = connect(thread.port());
    const buckets = Array.from({ length: group }, (_, bucket) => bucket);
    const epoch = await store.lead(buckets);
    let heads = await Promise.all(buckets.map((bucket) => store.head(bucket)));
    const rate = await perSecond(group, async () => {
      const writes = heads.map((head) => next(head, epoch));
      await store.commit(writes);
      heads = writes.map(({ head }) => head);
    });
    show(`writes, ${group} buckets a transaction, over a port`, rate, group);
  }
  await thread.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
