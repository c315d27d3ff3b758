/**
 * A stream as it must be on the servers: made by whoever comes first, looked at by all others.
 *
 * U1  One that is there is given more room where more is asked, and never less: the servers make a new limit
 *     true by dropping what is above it, acknowledged or not (R3 of stream.ts).
 */
import {
  DiscardPolicy,
  NatsError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from "nats";
import { Fault } from "#ports/faults.ts";
import type { Link } from "./connect.ts";
import { isForGood } from "./stream-faults.ts";

/** Servers that have just been started elect their leaders in this time, ms. */
export const STREAM_READY_MS = 15_000;
const ASK_AGAIN_MS = 100;

export interface StreamShape {
  readonly name: string;
  readonly subjects: string;
  /** Servers that keep each message. */
  readonly replicas: 1 | 3;
  /** Bytes it may take on each server; undefined: as much as the servers have, or as it may take already. */
  readonly bytesMax: number | undefined;
}

/** Servers that keep each message: 3 where the server is one of a cluster, else 1. */
export const replicasOf = ({ nats }: Link, { replicas }: { readonly replicas?: 1 | 3 }): 1 | 3 =>
  replicas ?? (nats.info?.cluster === undefined ? 1 : 3);

const configOf = ({ name, subjects, replicas, bytesMax }: StreamShape) =>
  ({
    name,
    subjects: [subjects],
    num_replicas: replicas,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_bytes: bytesMax ?? -1,
    max_msgs_per_subject: 1,
    allow_direct: true,
  }) satisfies Partial<StreamConfig>;

/** What must be as asked, or the stream would not keep its promises. */
const KEPT = [
  "num_replicas",
  "storage",
  "retention",
  "discard",
  "max_msgs_per_subject",
  "allow_direct",
] as const;

/**
 * Tries until the servers are ready. Resolves with the bytes that it may take, undefined where only the
 * servers have a limit. Rejects with what they answered last.
 */
export const ensureStream = async (
  manager: JetStreamManager,
  shape: StreamShape,
  isWanted: () => boolean,
): Promise<number | undefined> => {
  const endMs = performance.now() + STREAM_READY_MS;
  for (;;) {
    try {
      const config = await found(manager, shape);
      assertShape(config, shape);
      return limitOf(await withRoom(manager, config, shape));
    } catch (error) {
      const isOver = performance.now() > endMs || !isWanted();
      if (error instanceof Fault || isForGood(error) || isOver) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
};

const NAME_IN_USE = 10_058;

const found = async (manager: JetStreamManager, shape: StreamShape): Promise<StreamConfig> => {
  try {
    return (await manager.streams.add(configOf(shape))).config;
  } catch (error) {
    if (!(error instanceof NatsError) || error.api_error?.err_code !== NAME_IN_USE) throw error;
    return (await manager.streams.info(shape.name)).config;
  }
};

/** Bytes; undefined where it has no limit of its own. */
export const limitOf = ({ max_bytes: most }: Pick<StreamConfig, "max_bytes">): number | undefined =>
  most > 0 ? most : undefined;

/** U1. */
const withRoom = async (
  manager: JetStreamManager,
  config: StreamConfig,
  { name, bytesMax = 0 }: StreamShape,
): Promise<StreamConfig> => {
  if ((limitOf(config) ?? Infinity) >= bytesMax) return config;
  return (await manager.streams.update(name, { max_bytes: bytesMax })).config;
};

const assertShape = (config: StreamConfig, shape: StreamShape): void => {
  const asked = configOf(shape);
  for (const key of KEPT) {
    if (config[key] === asked[key]) continue;
    const sentence = `the stream ${shape.name} has ${key} ${config[key]}, not ${asked[key]}`;
    throw new Fault("BUS_UNFIT", sentence);
  }
  if (!config.subjects.includes(shape.subjects))
    throw new Fault("BUS_UNFIT", `the stream ${shape.name} does not hear ${shape.subjects}`);
};
