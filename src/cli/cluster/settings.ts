/**
 * `cluster` of a supervisor.config: where etcd and NATS are. The same file serves every supervisor; what
 * is a machine's own (its name, its keys) lies in its data folder. docs/operating/cluster.md.
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { EtcdPlace } from "#adapters/etcd/client.ts";
import type { NatsTls } from "#adapters/nats/connect.ts";
import type { NatsStreamOptions } from "#adapters/nats/stream.ts";
import { isSubject } from "#adapters/nats/subject.ts";
import { certificateIn, keyIn, natsTlsOf } from "./pem.ts";

/** Servers of one kind that are named: a cluster has three or five. */
const SERVERS_MAX = 9;
export const CLUSTER_DEFAULT = "canswarm";
/** It is a part of subjects of NATS and of keys of etcd. */
export const isClusterName = (text: string): boolean => isSubject(text) && !text.includes(".");
export const CLUSTER_NAME_TAKES = "takes letters, digits, _ and -";
/** Between two runs of the reconciler, seconds. */
const RECONCILE_SECONDS_DEFAULT = 60;
const RECONCILE_SECONDS_MAX = 3_600;

/**
 * Least that a stream may be given, bytes: a block of 8 MiB comes in parts of half a MiB, and 16 MiB of them
 * wait for their acknowledgement.
 */
export const STREAM_BYTES_MIN = 64 * 2 ** 20;

const tls = z.strictObject({
  /** PEM files, taken from the folder of the configuration. */
  ca: z.string(),
  cert: z.string().optional(),
  key: z.string().optional(),
});

const etcd = z.strictObject({
  endpoints: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .max(SERVERS_MAX),
  user: z.strictObject({ name: z.string(), passwordFile: z.string() }).optional(),
  tls: tls.optional(),
});

const nats = z.strictObject({
  servers: z.array(z.string().min(1)).min(1).max(SERVERS_MAX),
  tokenFile: z.string().optional(),
  nkeyFile: z.string().optional(),
  tls: tls.optional(),
  /**
   * Of each of the three streams (records, snapshots, blocks), on each server. Absent: as much as the servers
   * have. No number fits all: NATS sets that much aside at once, and refuses it where the disk is smaller.
   */
  streamBytesMax: z
    .custom<number>(
      (given) => Number.isSafeInteger(given) && (given as number) >= STREAM_BYTES_MIN,
      `takes a whole number of bytes from ${STREAM_BYTES_MIN} (64 MiB) on`,
    )
    .optional(),
});

const schema = z.strictObject({
  /** Under which name the servers know it: swarms that share servers have different ones. */
  name: z.string().refine(isClusterName, CLUSTER_NAME_TAKES).default(CLUSTER_DEFAULT),
  etcd,
  nats,
  /**
   * The seed of the operator's key in hex: taken where a folder has none yet, written by whoever founds
   * the swarm. Every supervisor signs with keys that are derived from it: keep it as a secret.
   */
  operatorKeyFile: z.string().optional(),
  /** From one run of the reconciler to the next. */
  reconcileSeconds: z.int().min(1).max(RECONCILE_SECONDS_MAX).default(RECONCILE_SECONDS_DEFAULT),
});

/** Plain data, so that every thread can connect by itself. */
export interface ClusterPlaces {
  readonly name: string;
  readonly etcd: EtcdPlace;
  readonly nats: NatsStreamOptions;
  readonly operatorKeyFile?: string;
  readonly reconcileSeconds: number;
}

/** The places, or what is wrong in one sentence. `path`: the configuration that it stands in. */
export const clusterPlaces = (given: unknown, path: string): ClusterPlaces | string => {
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `cluster.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "it is no cluster"}`;
  }
  const { name, operatorKeyFile, reconcileSeconds, ...servers } = parsed.data;
  const file = (one: string): string => resolve(dirname(resolve(path)), one);
  const words = (one: string): string => readFileSync(file(one), "utf8").trim();
  try {
    return {
      name,
      reconcileSeconds,
      ...(operatorKeyFile === undefined ? {} : { operatorKeyFile: file(operatorKeyFile) }),
      etcd: {
        endpoints: servers.etcd.endpoints,
        ...(servers.etcd.user === undefined
          ? {}
          : {
              user: {
                name: servers.etcd.user.name,
                password: words(servers.etcd.user.passwordFile),
              },
            }),
        ...(servers.etcd.tls === undefined ? {} : { tls: pemOf(servers.etcd.tls, file) }),
      },
      nats: {
        servers: servers.nats.servers,
        prefix: name,
        ...(servers.nats.tokenFile === undefined ? {} : { token: words(servers.nats.tokenFile) }),
        ...(servers.nats.nkeyFile === undefined ? {} : { nkeySeed: words(servers.nats.nkeyFile) }),
        ...(servers.nats.streamBytesMax === undefined
          ? {}
          : { streamBytesMax: servers.nats.streamBytesMax }),
        ...(servers.nats.tls === undefined ? {} : { tls: filesOf(servers.nats.tls, file) }),
      },
    };
  } catch (error) {
    return `cluster: ${error instanceof Error ? error.message : String(error)}`;
  }
};

type Tls = z.infer<typeof tls>;

const pemOf = ({ ca, cert, key }: Tls, file: (one: string) => string) => ({
  ca: certificateIn(file(ca)),
  ...(cert === undefined ? {} : { cert: certificateIn(file(cert)) }),
  ...(key === undefined ? {} : { key: keyIn(file(key)) }),
});

const filesOf = ({ ca, cert, key }: Tls, file: (one: string) => string): NatsTls =>
  natsTlsOf({
    ca: file(ca),
    cert: cert === undefined ? undefined : file(cert),
    key: key === undefined ? undefined : file(key),
  });
