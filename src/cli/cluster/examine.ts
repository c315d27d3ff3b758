/**
 * What `canswarm doctor` finds of the servers that a configuration names: each server of etcd and of NATS,
 * what JetStream keeps, what each stream takes. Nothing is changed but for a small stream, made and deleted.
 *
 * Every wait has a limit: a server of etcd three calls and a page, one of NATS a connection, JetStream three
 * questions, all side by side: some 8 s where nothing answers.
 */

import { etcdCondition, type EtcdCondition } from "#adapters/etcd/condition.ts";
import type { EtcdSizes } from "#adapters/etcd/sizes.ts";
import {
  jetStreamCondition,
  natsCondition,
  type JetStreamCondition,
  type NatsCondition,
} from "#adapters/nats/condition.ts";
import { PART_BYTES, PART_MORE_BYTES } from "#adapters/nats/stream-parts.ts";
import type { StreamRoom } from "#adapters/nats/stream-rooms.ts";
import { MESSAGE_BYTES_MAX } from "#ports/bus.ts";
import { Fault } from "#ports/faults.ts";
import { bytesText, count } from "../display.ts";
import type { Finding } from "../finding.ts";
import type { ClusterPlaces } from "./settings.ts";

/** One question to one server, ms. */
const ASK_MS = 2_000;
const ETCD_MIN = [3, 4] as const;
const NATS_MIN = [2, 9] as const;
/** Protocol section 5: a smaller quota was full within half an hour where nothing was compacted. */
export const QUOTA_BYTES_MIN = 4 * 2 ** 30;
/** What etcd itself warns of: it starts and catches up slowly. */
export const QUOTA_BYTES_MAX = 8 * 2 ** 30;
/** Of a quota or a limit: there is time to do something. */
export const USED_WARNED = 0.8;
const PERCENT = 100;

const QUOTA_REMEDY =
  "start every server of etcd with --quota-backend-bytes=8589934592 (4 to 8 GiB), one after the other";
const ETCD_FULL_REMEDY =
  "`etcdctl compact` and `defrag` each server, or raise its quota; then `etcdctl alarm disarm`";

export const clusterFindings = async (places: ClusterPlaces): Promise<readonly Finding[]> =>
  (await Promise.all([etcdFindings(places), natsFindings(places), streamFindings(places)])).flat();

/** The condition, or why there is none. */
type Looked<T> = T | Error;

const looked = <T>(asked: Promise<T>): Promise<Looked<T>> =>
  asked.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

/** While a majority answers, one that does not is missed and no more. */
const unanswered = <T>(name: string, error: Error, all: readonly Looked<T>[]): Finding => {
  const away = all.filter((one) => one instanceof Error).length;
  const health = 2 * away < all.length ? "degraded" : "failed";
  if (!(error instanceof Fault)) {
    const remedy = "mend its address, user and certificates in the configuration";
    return { name, health, found: error.message, remedy };
  }
  return { name, health, found: `${error.code} ${error.sentence}`, remedy: error.remedy };
};

const isBelow = (version: string, least: readonly [number, number]): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < least[0] || (major === least[0] && minor < least[1]);
};

/* ---------------------------------------------------------------------------- etcd */

const etcdFindings = async ({
  etcd,
  name: cluster,
}: ClusterPlaces): Promise<readonly Finding[]> => {
  const { endpoints } = etcd;
  const asked = { cluster, waitMs: ASK_MS };
  const all = await Promise.all(endpoints.map((one) => looked(etcdCondition(etcd, one, asked))));
  return endpoints.map((endpoint, at) => {
    const name = `etcd ${endpoint}`;
    const condition = all[at] ?? new Error("it was not asked");
    return condition instanceof Error
      ? unanswered(name, condition, all)
      : etcdFinding(name, condition);
  });
};

export const etcdFinding = (name: string, condition: EtcdCondition): Finding => {
  const { version, hasLeader, isOutOfSpace, sizes } = condition;
  if (isBelow(version, ETCD_MIN)) {
    const remedy = `install etcd ${ETCD_MIN.join(".")} or newer`;
    return { name, health: "failed", found: `${version} is too old`, remedy };
  }
  if (!hasLeader) {
    const found = `${version}, without a leader: it is in no majority`;
    return { name, health: "failed", found, remedy: "start the other servers of this etcd" };
  }
  if (isOutOfSpace) {
    const found = `${version}, its quota is used up (alarm NOSPACE): it refuses every write`;
    return { name, health: "failed", found, remedy: ETCD_FULL_REMEDY };
  }
  if (typeof sizes === "string") {
    const remedy =
      "let its page /metrics through; the quota is to be 4 to 8 GiB (--quota-backend-bytes)";
    return {
      name,
      health: "degraded",
      found: `${version}, its quota is unknown: ${sizes}`,
      remedy,
    };
  }
  return quotaFinding(name, version, sizes);
};

const quotaFinding = (
  name: string,
  version: string,
  { databaseBytes, quotaBytes }: EtcdSizes,
): Finding => {
  if (quotaBytes === 0)
    return { name, health: "failed", found: `${version}, without a quota`, remedy: QUOTA_REMEDY };
  const share = databaseBytes / quotaBytes;
  const used = `${version}, ${bytesText(databaseBytes)} of a quota of ${bytesText(quotaBytes)} used`;
  const found = `${used} (${Math.round(share * PERCENT)} %)`;
  if (quotaBytes < QUOTA_BYTES_MIN)
    return { name, health: "failed", found: `${found}: too small a quota`, remedy: QUOTA_REMEDY };
  if (share >= USED_WARNED) return { name, health: "degraded", found, remedy: ETCD_FULL_REMEDY };
  if (quotaBytes > QUOTA_BYTES_MAX)
    return {
      name,
      health: "degraded",
      found: `${found}: larger than etcd advises`,
      remedy: QUOTA_REMEDY,
    };
  return { name, health: "ok", found };
};

/* ---------------------------------------------------------------------------- NATS */

const natsFindings = async ({ nats }: ClusterPlaces): Promise<readonly Finding[]> => {
  const { servers } = nats;
  const all = await Promise.all(servers.map((one) => looked(natsCondition(nats, one))));
  return servers.map((server, at) => {
    const name = `NATS ${server}`;
    const condition = all[at] ?? new Error("it was not asked");
    return condition instanceof Error
      ? unanswered(name, condition, all)
      : natsFinding(name, condition);
  });
};

export const natsFinding = (name: string, { version, messageBytesMax }: NatsCondition): Finding => {
  const found = `${version}, takes messages of up to ${bytesText(messageBytesMax)}`;
  const remedy = `set max_payload: ${MESSAGE_BYTES_MAX} in its configuration, as it is shipped`;
  if (isBelow(version, NATS_MIN)) {
    const newer = `install NATS ${NATS_MIN.join(".")} or newer`;
    return { name, health: "failed", found: `${version} is too old`, remedy: newer };
  }
  if (messageBytesMax < PART_BYTES + PART_MORE_BYTES)
    return { name, health: "failed", found: `${found}: too small for records`, remedy };
  if (messageBytesMax < MESSAGE_BYTES_MAX)
    return { name, health: "degraded", found: `${found}: larger messages are dropped`, remedy };
  return { name, health: "ok", found };
};

const streamFindings = async ({ nats }: ClusterPlaces): Promise<readonly Finding[]> => {
  const name = "JetStream";
  const condition = await looked(jetStreamCondition(nats, ASK_MS));
  if (condition instanceof Error) return [unanswered(name, condition, [condition])];
  const { streams = [] } = condition;
  return [
    jetStreamFinding(name, condition),
    ...streams.map((stream) => streamFinding(stream, nats.streamBytesMax)),
  ];
};

export const jetStreamFinding = (
  name: string,
  { replicas, failure, streams }: JetStreamCondition,
): Finding => {
  const copies = replicas === 1 ? "one copy on disk" : `${replicas} copies on disks`;
  if (failure === undefined) {
    const found = `keeps ${copies} of each message${replicas === 1 ? ": its server is alone" : ""}`;
    return { name, health: "ok", found };
  }
  // What is there goes on with a majority; a stream that is missing could not be made.
  const health = streams !== undefined && streams.length > 0 ? "degraded" : "failed";
  const remedy =
    replicas === 1
      ? "start nats-server with `jetstream { store_dir: … }` in its configuration, and room there"
      : "start three servers of one NATS cluster, each with `jetstream { store_dir: … }` and room there";
  return { name, health, found: `does not keep ${copies}: ${failure}`, remedy };
};

export const streamFinding = (
  { stream, bytes, bytesMax, replicas, replicasBehind }: StreamRoom,
  asked: number | undefined,
): Finding => {
  const name = `stream ${stream}`;
  const limit = bytesMax === undefined ? "without a limit" : `of ${bytesText(bytesMax)}`;
  const found = `${bytesText(bytes)} ${limit} used, ${count(replicas)} ${replicas === 1 ? "copy" : "copies"}`;
  if (bytesMax !== undefined && bytes >= USED_WARNED * bytesMax)
    return {
      name,
      // Where the next part of a record has no room it refuses already.
      health: bytes + PART_BYTES + PART_MORE_BYTES > bytesMax ? "failed" : "degraded",
      found,
      remedy: "raise cluster.nats.streamBytesMax, then restart the supervisors one after the other",
    };
  if (replicasBehind > 0)
    return {
      name,
      health: "degraded",
      found: `${found}, ${replicasBehind} of them away or behind`,
      remedy: "start the NATS server that is away; one that is back catches up by itself",
    };
  if (asked !== undefined && (bytesMax ?? Infinity) > asked)
    return {
      name,
      health: "degraded",
      found: `${found}, more than cluster.nats.streamBytesMax says`,
      remedy: "say as much as it may take: a limit is never lowered, or NATS would delete records",
    };
  return { name, health: "ok", found };
};
