/**
 * Commits through the etcd adapter: bucket writes a second at 1 … 257 buckets a call, one decide key each,
 * with bare nested transactions of the same rows beside them (same server, same run), as a ratio.
 * Run: node bench/micro/etcd.ts [--ms 1500] [--json]; scripts/servers.mjs brings etcd where it is missing
 */
import { hash } from "node:crypto";
import { Etcd3, type ITxnRequest } from "etcd3";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { foundSwarm } from "#adapters/etcd/shared-genesis.ts";
import { headValue } from "#adapters/etcd/keys.ts";
import { emptyHead } from "#ports/commit-rules.ts";
import type { HeadWrite } from "#ports/consensus.ts";
import type { Epoch, Head } from "#ports/store.ts";
import { freshSwarm, startEtcd } from "../../test/support/etcd-server.ts";
import { microFlags } from "../support/flags.ts";
import { ratePerSecond } from "../support/rate.ts";
import { tellFigures, type Figure } from "../support/report.ts";

const { ms, isJson } = microFlags({ ms: 1_500 });
const figures: Figure[] = [];

const GROUPS = [1, 16, 64];
const SERVERS = [1, 3];
const DAY_MS = 86_400_000;

const next = (head: Head, epoch: Epoch): HeadWrite => {
  const { bucket, hash: parent } = head;
  const own = new Uint8Array(hash("sha256", Buffer.concat([parent, Buffer.of(bucket)]), "buffer"));
  const moved = { bucket, epoch, records: head.records + 1, size: head.size + 8, hash: own };
  const keyOf = (records: number): string => `need-${bucket}-${records}/1`;
  const decided = head.records === 0 ? [] : [keyOf(head.records)];
  return { bucket, epoch, parent, head: moved, decides: [keyOf(moved.records)], decided };
};

/** The least that such a commit can be: one compare, the head, a key made and one deleted. */
const bare = (heads: readonly Head[], round: number): ITxnRequest => ({
  success: heads.map((head) => {
    const key = Buffer.from(`/bare/head/${head.bucket}`);
    const decide = (at: number): Buffer => Buffer.from(`/bare/need-${head.bucket}-${at}/1`);
    return {
      request_txn: {
        compare: [{ key, target: "Version", result: "Equal", version: round }],
        success: [
          { request_put: { key, value: headValue(head) } },
          { request_put: { key: decide(round) } },
          { request_delete_range: { key: decide(round - 1) } },
        ],
      },
    };
  }),
});

for (const count of SERVERS) {
  const servers = await startEtcd(count);
  const endpoints = servers.map(({ url }) => url);
  const raw = new Etcd3({ hosts: endpoints[0] ?? "" });
  const swarm = freshSwarm();
  await foundSwarm({ endpoints }, swarm);
  const store = new EtcdConsensus({ endpoints, swarm });
  try {
    const session = await store.join("bench", DAY_MS, "a bench");
    for (const group of GROUPS) {
      const buckets = Array.from({ length: group }, (_, bucket) => bucket);
      await session.resign(await store.leaders());
      const won = await session.campaign(buckets);
      const epochs = new Map(won.map(({ bucket, epoch }) => [bucket, epoch]));
      const epochOf = (bucket: number): Epoch => {
        const epoch = epochs.get(bucket);
        if (epoch === undefined) throw new Error(`bucket ${bucket} was not won`);
        return epoch;
      };
      let heads = await store.heads(buckets);
      const ours = await ratePerSecond({ units: group, ms }, async () => {
        const writes = heads.map((head) => next(head, epochOf(head.bucket)));
        const outcomes = await store.commit(writes);
        if (outcomes.some(({ kind }) => kind !== "committed")) throw new Error("not committed");
        heads = writes.map(({ head }) => head);
      });
      let round = 0;
      await raw.delete().prefix("/bare/");
      const least = await ratePerSecond({ units: group, ms }, async () => {
        await raw.kv.txn(bare(buckets.map(emptyHead), round));
        round += 1;
      });
      figures.push({
        name: `buckets of ${group} a call, ${count} server${count > 1 ? "s" : ""}`,
        value: ours,
        unit: "writes/s",
        floor: { name: "bare transactions of the same rows", value: least },
      });
    }
  } finally {
    await store.close();
    raw.close();
    for (const server of servers) await server.dispose();
  }
}
tellFigures("etcd", figures, { isJson });
