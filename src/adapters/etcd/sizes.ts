/**
 * How large the database of one server of etcd is, and its quota: both stand on the page of figures that etcd
 * serves beside its calls (`/metrics`), and the quota nowhere else before 3.6. The page wants no user.
 */

import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { Fault } from "#ports/faults.ts";
import type { EtcdPlace } from "./client.ts";

/** etcd 3.4 writes some 150 kB; what is longer by far is no page of etcd's. */
export const PAGE_BYTES_MAX = 4 * 2 ** 20;
const OK = 200;

export interface EtcdSizes {
  /** What the quota is compared with: the file, with what is free in it. */
  readonly databaseBytes: number;
  /** 0: it was started without one. */
  readonly quotaBytes: number;
}

/** Rejects with CONSENSUS_UNREACHABLE, also where there is no such page, after `waitMs` at the latest. */
export const etcdSizes = async (
  place: EtcdPlace,
  endpoint: string,
  waitMs: number,
): Promise<EtcdSizes> => {
  let page: string;
  try {
    page = await pageOf(place, new URL("/metrics", endpoint), waitMs);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("CONSENSUS_UNREACHABLE", `${endpoint}/metrics: ${reason}`, { cause });
  }
  const databaseBytes = figureIn(page, "etcd_mvcc_db_total_size_in_bytes");
  const quotaBytes = figureIn(page, "etcd_server_quota_backend_bytes");
  // Without a quota it tells what it was started with: a number below 0.
  if (databaseBytes !== undefined && quotaBytes !== undefined)
    return { databaseBytes, quotaBytes: Math.max(0, quotaBytes) };
  throw new Fault("CONSENSUS_UNREACHABLE", `${endpoint}/metrics does not tell the quota`);
};

const pageOf = ({ tls }: EtcdPlace, url: URL, waitMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const identity =
      tls === undefined
        ? {}
        : {
            ca: Buffer.from(tls.ca),
            ...(tls.cert === undefined ? {} : { cert: Buffer.from(tls.cert) }),
            ...(tls.key === undefined ? {} : { key: Buffer.from(tls.key) }),
          };
    const ask = url.protocol === "https:" ? tlsRequest : plainRequest;
    const signal = AbortSignal.timeout(waitMs);
    const asked = ask(url, { ...identity, agent: false, signal }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("error", reject);
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
        if (bytes > PAGE_BYTES_MAX) asked.destroy(new Error(`more than ${PAGE_BYTES_MAX} bytes`));
        else chunks.push(chunk);
      });
      answer.on("end", () => {
        if (answer.statusCode === OK) resolve(Buffer.concat(chunks).toString());
        else reject(new Error(`status ${answer.statusCode}`));
      });
    });
    asked.on("error", reject);
    asked.end();
  });

/** A line `NAME NUMBER` of the text format of Prometheus. */
const figureIn = (page: string, name: string): number | undefined => {
  const text = new RegExp(`^${name} (\\S+)$`, "m").exec(page)?.[1];
  const figure = Number(text);
  return text === undefined || !Number.isFinite(figure) ? undefined : figure;
};
