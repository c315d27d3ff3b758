/**
 * What etcd and NATS give to a cluster at most, measured by its own adapters and in its own batches, on
 * subjects and rows of their own.
 */

import { randomBytes } from "node:crypto";
import { BUCKETS, hex, sha256 } from "#envelope/cid.ts";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import type { EtcdPlace } from "#adapters/etcd/client.ts";
import { foundSwarm } from "#adapters/etcd/shared-genesis.ts";
import { NatsBus } from "#adapters/nats/bus.ts";
import type { NatsOptions } from "#adapters/nats/connect.ts";
import { NatsStream } from "#adapters/nats/stream.ts";
import type { HeadWrite } from "#ports/consensus.ts";
import type { JournalRecord } from "#ports/journal.ts";
import type { Head } from "#ports/store.ts";
import { percentiles } from "../swarm/summarize.ts";

const PROBE_TTL_MS = 60_000;
/** Requests, or calls, that one connection has under way. */
const UNDER_WAY = 4;
/** Messages of the bus a second: of the aim. */
export const BUS_MESSAGES_PER_S = 10_000;
const BUS_MESSAGE_BYTES = 600;
const BUS_STEP_MS = 2;

export interface ProbeShape {
  readonly ms: number;
  /** As many as the cluster has hosts. */
  readonly connections: number;
}

const text = new TextEncoder();
const newName = (): string => `bench-${randomBytes(6).toString("hex")}`;

/** Heads that advance in a second, so many in one request. */
export const etcdHeadsPerSecond = async (
  place: EtcdPlace,
  { ms, connections }: ProbeShape,
  headsTogether: number,
): Promise<number> => {
  const swarm = `bench.${randomBytes(8).toString("hex")}`;
  const all = Array.from({ length: connections }, () => new EtcdConsensus({ ...place, swarm }));
  const [first] = all as [EtcdConsensus];
  await foundSwarm(place, swarm);
  const session = await first.join(newName(), PROBE_TTL_MS, "a probe");
  const buckets = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket);
  const rows = await session.campaign(buckets);
  const heads = new Map((await first.heads(buckets)).map((head) => [head.bucket, head]));
  const lanes = connections * UNDER_WAY;
  const together = Math.max(1, Math.min(headsTogether, Math.floor(buckets.length / lanes)));
  const endMs = performance.now() + ms;
  let advanced = 0;
  const lane = async (at: number): Promise<void> => {
    const own = rows.filter(({ bucket }) => bucket % lanes === at);
    const consensus = all[at % connections] as EtcdConsensus;
    for (let turn = 0; performance.now() < endMs; turn += 1) {
      const chosen = Array.from(
        { length: together },
        (_, n) => own[(turn * together + n) % own.length]!,
      );
      const writes = [...new Set(chosen)].map(({ bucket, epoch }): HeadWrite => {
        const { hash: parent, records } = heads.get(bucket) as Head;
        const hash = sha256(text.encode(`${hex(parent)} ${records}`));
        const head: Head = { bucket, epoch, records: records + 1, size: records + 1, hash };
        return { bucket, epoch, parent, head, decides: [], decided: [] };
      });
      const outcomes = await consensus.commit(writes);
      for (const [n, { kind }] of outcomes.entries())
        if (kind === "committed") {
          advanced += 1;
          heads.set(writes[n]!.bucket, writes[n]!.head);
        }
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, at) => lane(at)));
  await session.end();
  for (const one of all) await one.close();
  return (advanced * 1_000) / ms;
};

/** Records that the stream acknowledges in a second, so many of so many bytes in one call. */
export const streamRecordsPerSecond = async (
  nats: NatsOptions,
  { ms, connections }: ProbeShape,
  { together, bytes }: { readonly together: number; readonly bytes: number },
): Promise<number> => {
  const prefix = newName();
  const all = await Promise.all(
    Array.from({ length: connections }, () => NatsStream.open({ ...nats, prefix })),
  );
  const endMs = performance.now() + ms;
  let acknowledged = 0;
  let next = 0;
  const lane = async (stream: NatsStream): Promise<void> => {
    while (performance.now() < endMs) {
      const records = Array.from({ length: together }, (): JournalRecord => {
        const index = (next += 1);
        const content = Buffer.alloc(bytes, String(index));
        const hash = sha256(content);
        return { bucket: index % BUCKETS, index, hash, parent: hash, bytes: content };
      });
      await stream.publish(records);
      acknowledged += records.length;
    }
  };
  await Promise.all(all.flatMap((stream) => Array.from({ length: UNDER_WAY }, () => lane(stream))));
  for (const one of all) await one.close();
  return (acknowledged * 1_000) / ms;
};

export interface BusSpread {
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** From publishing until it is heard on another connection, at the rate of the aim. */
export const busSpread = async (nats: NatsOptions, ms: number): Promise<BusSpread> => {
  const options = { ...nats, prefix: newName() };
  const [here, there] = await Promise.all([NatsBus.open(options), NatsBus.open(options)]);
  const latenciesMs: number[] = [];
  there.subscribe("probe", (bytes) => {
    const sentMs = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
    latenciesMs.push(performance.now() - sentMs);
  });
  await there.flush();
  const beginMs = performance.now();
  let sent = 0;
  for (let nowMs = beginMs; nowMs < beginMs + ms; nowMs = performance.now()) {
    const due = ((nowMs - beginMs) * BUS_MESSAGES_PER_S) / 1_000;
    for (; sent < due; sent += 1) {
      const bytes = new Uint8Array(BUS_MESSAGE_BYTES);
      new DataView(bytes.buffer).setFloat64(0, performance.now());
      here.publish("probe", bytes);
    }
    await new Promise((resolve) => setTimeout(resolve, BUS_STEP_MS));
  }
  await here.flush();
  await there.flush();
  await Promise.all([here.close(), there.close()]);
  return { perSecond: Math.round((latenciesMs.length * 1_000) / ms), ...percentiles(latenciesMs) };
};
