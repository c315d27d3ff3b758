/** What a cluster's streams take on each server and may take, as the servers tell: nothing is made here. */
import type { NatsConnection } from "nats";
import { faultOf, isNoStream } from "./stream-faults.ts";
import { limitOf } from "./stream-setup.ts";

export const STREAMS = ["records", "snapshots", "blocks"] as const;
export type StreamKind = (typeof STREAMS)[number];

export interface StreamRoom {
  readonly stream: string;
  readonly bytes: number;
  /** Undefined: no limit of its own, but the room of the servers. */
  readonly bytesMax: number | undefined;
  /** Servers that keep each message. */
  readonly replicas: number;
  /** Of these, how many are behind or away. */
  readonly replicasBehind: number;
}

/** As the servers know it. */
export const streamName = (prefix: string, kind: StreamKind): string =>
  `${prefix.replaceAll(".", "_")}_${kind}`;

/** Of those that are there. Rejects with BUS_UNREACHABLE where one is not told within `waitMs`. */
export const streamRooms = async (
  nats: NatsConnection,
  prefix: string,
  waitMs: number,
): Promise<readonly StreamRoom[]> => {
  const manager = await nats.jetstreamManager({ timeout: waitMs, checkAPI: false });
  const rooms = STREAMS.map(async (kind): Promise<readonly StreamRoom[]> => {
    const stream = streamName(prefix, kind);
    try {
      const { config, state, cluster } = await manager.streams.info(stream);
      const behind = (cluster?.replicas ?? []).filter(
        (one) => !one.current || one.offline === true,
      );
      const replicas = config.num_replicas;
      return [
        {
          stream,
          bytes: state.bytes,
          bytesMax: limitOf(config),
          replicas,
          replicasBehind: behind.length,
        },
      ];
    } catch (error) {
      if (isNoStream(error)) return [];
      throw faultOf(error, { name: stream, bytesMax: undefined });
    }
  });
  return (await Promise.all(rooms)).flat();
};
