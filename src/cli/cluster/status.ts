/** What a cluster is like now: its supervisors, who leads which bucket, how far each log is. */

import { BUCKETS } from "#envelope/cid.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { decodeGenesis } from "#domain/genesis/codec.ts";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { readGenesis } from "#adapters/etcd/shared-genesis.ts";
import { NatsBus } from "#adapters/nats/bus.ts";
import type { StreamRoom } from "#adapters/nats/stream-rooms.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { Fault } from "#ports/faults.ts";
import { randomBytes } from "node:crypto";
import { CliError } from "../errors.ts";
import { ASK_MS, type MemberStatus } from "./cluster-swarm.ts";
import { Asks } from "./asks.ts";
import type { Reconciled } from "../reconcile/reconciler.ts";
import type { ClusterPlaces } from "./settings.ts";

export interface BucketStatus {
  readonly bucket: number;
  /** Undefined: nobody leads it. */
  readonly leader: string | undefined;
  readonly epoch: { readonly generation: number; readonly revision: number };
  /** Committed records and entries. */
  readonly records: number;
  readonly size: number;
  /** Records that its leader has built and etcd has not; undefined: the leader did not answer. */
  readonly lag: number | undefined;
}

export interface SupervisorStatus {
  readonly name: string;
  /** It says that NATS does not reach it: others lead meanwhile. */
  readonly isCutOff: boolean;
  /** Undefined: it did not answer. */
  readonly version: string | undefined;
  readonly hosts: number | undefined;
  readonly buckets: number;
  readonly lag: number | undefined;
  /** The last run of its reconciler; undefined: none yet, or it did not answer. */
  readonly reconciled: Reconciled | undefined;
}

export interface ClusterStatus {
  readonly cluster: string;
  readonly swarm: string;
  readonly supervisors: readonly SupervisorStatus[];
  readonly buckets: readonly BucketStatus[];
  /** Undefined: NATS, or JetStream, did not answer. */
  readonly streams: readonly StreamRoom[] | undefined;
  /** Why NATS does not answer: nobody was asked anything, all here is what etcd says. */
  readonly natsFailure?: string;
}

const NAME_BYTES = 6;

/** Refuses with CLUSTER_UNFOUNDED, and with a Fault where etcd does not answer. */
export const clusterStatus = async (places: ClusterPlaces): Promise<ClusterStatus> => {
  const genesis = await readGenesis(places.etcd, places.name);
  if (genesis === undefined) throw new CliError("CLUSTER_UNFOUNDED", { cluster: places.name });
  const swarm = swarmIdOf(decodeGenesis(genesis).name, genesis);
  const consensus = new EtcdConsensus({ ...places.etcd, swarm });
  try {
    const bus = await NatsBus.open(places.nats).catch((error: unknown) => {
      if (error instanceof Fault && error.code === "BUS_UNREACHABLE") return error;
      throw error;
    });
    const of = { cluster: places.name, swarm };
    if (bus instanceof Fault)
      return { ...of, natsFailure: bus.sentence, ...(await looked(consensus, undefined)) };
    try {
      return { ...of, ...(await looked(consensus, bus)) };
    } finally {
      await bus.close();
    }
  } finally {
    await consensus.close();
  }
};

const looked = async (
  consensus: EtcdConsensus,
  bus: NatsBus | undefined,
): Promise<Pick<ClusterStatus, "supervisors" | "buckets" | "streams">> => {
  const members = await consensus.members();
  const names = members.map(({ name }) => name);
  const told = bus === undefined ? new Map<string, MemberStatus>() : await toldBy(bus, names);
  const numbers = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket);
  const [leaders, heads, streams] = await Promise.all([
    consensus.leaders(),
    consensus.heads(numbers),
    bus?.rooms().catch(() => undefined),
  ]);
  const rows = new Map(leaders.map((row) => [row.bucket, row]));
  const buckets = heads.map(({ bucket, epoch, records, size }): BucketStatus => {
    const row = rows.get(bucket);
    const built = told.get(row?.holder ?? "")?.heads.find((head) => head.bucket === bucket);
    const lag = built === undefined ? undefined : Math.max(0, built.records - records);
    return { bucket, leader: row?.holder, epoch: row?.epoch ?? epoch, records, size, lag };
  });
  const supervisors = members.map(({ name, isCutOff }): SupervisorStatus => {
    const own = buckets.filter(({ leader }) => leader === name);
    const status = told.get(name);
    const lag = own.reduce((sum, one) => sum + (one.lag ?? 0), 0);
    return {
      name,
      isCutOff,
      version: status?.version,
      hosts: status?.hosts,
      buckets: own.length,
      lag: status === undefined ? undefined : lag,
      reconciled: status?.reconciled,
    };
  });
  return { supervisors, buckets, streams };
};

/** Of those that answer. */
const toldBy = async (
  bus: NatsBus,
  names: readonly string[],
): Promise<ReadonlyMap<string, MemberStatus>> => {
  const asks = new Asks({
    bus,
    clock: systemClock(),
    name: `status-${randomBytes(NAME_BYTES).toString("hex")}`,
    answer: async () => ({ kind: "elsewhere" }),
  });
  const told = new Map<string, MemberStatus>();
  await Promise.all(
    names.map(async (name) => {
      const said = await asks.ask(name, { what: "status" }, ASK_MS);
      if (said?.kind === "ok") told.set(name, said.value as MemberStatus);
    }),
  );
  asks.close();
  return told;
};
