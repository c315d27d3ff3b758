/** What NATS offers, over the connections that a supervisor would use. */
import { DiscardPolicy, RetentionPolicy, StorageType, type NatsConnection } from "nats";
import { openLink, textOf, type NatsOptions } from "./connect.ts";
import { isNameTaken, isNoStream } from "./stream-faults.ts";
import { streamRooms, type StreamRoom } from "./stream-rooms.ts";
import { replicasOf } from "./stream-setup.ts";

/** The stream that is made to try it, and deleted again, takes at most this. */
const TRIED_BYTES_MAX = 64 * 1024;

export interface NatsCondition {
  readonly version: string;
  /** Bytes of the largest message that it takes. */
  readonly messageBytesMax: number;
}

/** Of one server. Rejects with BUS_UNREACHABLE, after CONNECT_MS at the latest. */
export const natsCondition = async (
  options: NatsOptions,
  server: string,
): Promise<NatsCondition> => {
  const link = await openLink({ ...options, servers: [server] });
  const condition = {
    version: link.nats.info?.version ?? "",
    messageBytesMax: link.maxPayload(),
  };
  await link.close();
  return condition;
};

export interface JetStreamCondition {
  /** Copies of each message that supervisors ask for. */
  readonly replicas: 1 | 3;
  /** Why so many are not kept on disks; undefined: they are, tried with a small stream. */
  readonly failure: string | undefined;
  /** Those of the cluster that are there; undefined: JetStream does not tell. */
  readonly streams: readonly StreamRoom[] | undefined;
}

/** Of all servers together. Rejects with BUS_UNREACHABLE. Three questions, each for `waitMs` at most. */
export const jetStreamCondition = async (
  options: NatsOptions,
  waitMs: number,
): Promise<JetStreamCondition> => {
  const link = await openLink(options);
  try {
    const { nats } = link;
    const { prefix } = options;
    const replicas = replicasOf(link, {});
    const failure = await replicasFailure(nats, { prefix, replicas, waitMs });
    const streams = await streamRooms(nats, prefix, waitMs).catch(() => undefined);
    return { replicas, failure, streams };
  } finally {
    await link.close();
  }
};

interface Tried {
  readonly prefix: string;
  readonly replicas: 1 | 3;
  readonly waitMs: number;
}

/** Nothing short of making a stream tells whether the servers can. */
const replicasFailure = async (
  nats: NatsConnection,
  { prefix, replicas, waitMs }: Tried,
): Promise<string | undefined> => {
  const name = `${prefix.replaceAll(".", "_")}_doctor`;
  try {
    const manager = await nats.jetstreamManager({ timeout: waitMs, checkAPI: false });
    const shape = {
      name,
      subjects: [`${prefix}.doctor.>`],
      num_replicas: replicas,
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      max_bytes: TRIED_BYTES_MAX,
    };
    await manager.streams.add(shape).catch(async (error: unknown) => {
      if (!isNameTaken(error)) throw error;
      await manager.streams.delete(name); // of a killed try, when there were fewer servers
      await manager.streams.add(shape);
    });
    await manager.streams.delete(name).catch((error: unknown) => {
      // Another doctor was as far as this one.
      if (!isNoStream(error)) throw error;
    });
    return undefined;
  } catch (error) {
    return textOf(error);
  }
};
