/**
 * One supervisor of a cluster: its hosts, its leadership and its bridge to the bus, put together. What
 * it leads is led by its hosts; what its hosts lose it loses.
 */

import type { Bus } from "#ports/bus.ts";
import type { Consensus } from "#ports/consensus.ts";
import type { Epoch } from "#ports/store.ts";
import { BusBridge } from "../bus/bus-bridge.ts";
import { HostSet, type HostNews, type HostSetOptions } from "../threads/host-set.ts";
import type { Port } from "../threads/protocol.ts";
import { Leadership, type LeadershipEvent } from "./leadership.ts";

/** A hand-over waits so long for what was built to be settled, ms. */
export const SETTLE_MS_MAX = 1_000;

export type MemberNews =
  HostNews | { readonly type: "leadership"; readonly event: LeadershipEvent };

export interface MemberOptions<P extends Port> extends Omit<
  HostSetOptions<P>,
  "lead" | "bridge" | "onNews"
> {
  readonly name: string;
  readonly consensus: Consensus;
  readonly bus: Bus;
  /** As in LeadershipOptions. */
  readonly restock: (bucket: number) => Promise<void>;
  readonly onNews: (news: MemberNews) => void;
}

export class ClusterMember<P extends Port> {
  readonly hosts: HostSet<P>;
  readonly leadership: Leadership;
  readonly #bridge: BusBridge;
  /** Hosts that have been told where everything is. */
  readonly #open = new Set<number>();

  constructor(options: MemberOptions<P>) {
    const { name, consensus, bus, clock, placement, restock, onNews } = options;
    this.#bridge = new BusBridge({ bus, hostOf: (bucket) => placement[bucket] ?? 0 });
    this.leadership = new Leadership({
      name,
      consensus,
      clock,
      buckets: placement.flatMap((host, bucket) => (host < 0 ? [] : [bucket])),
      won: (bucket, epoch) => this.#won(bucket, epoch),
      letGo: (buckets) => this.#letGo(buckets),
      restock,
      event: (event) => onNews({ type: "leadership", event }),
    });
    this.hosts = new HostSet<P>({
      ...options,
      bridge: this.#bridge,
      lead: async (buckets) => {
        for (const bucket of buckets) this.#open.add(this.hosts.hostOf(bucket));
        // What was won before its host was there, or led by the host that died, is won again.
        await this.leadership.again(buckets);
      },
      onNews: (news) => {
        this.#heard(news);
        onNews(news);
      },
    });
  }

  #won(bucket: number, epoch: Epoch): void {
    const host = this.hosts.hostOf(bucket);
    if (!this.#open.has(host)) return;
    this.#bridge.leads(bucket);
    // It may die meanwhile: its successor leads under another epoch.
    this.hosts
      .control(host)
      ?.lead([bucket], epoch)
      .catch(() => undefined);
  }

  async #letGo(buckets: readonly number[]): Promise<void> {
    const byHost = new Map<number, number[]>();
    for (const bucket of buckets) {
      const host = this.hosts.hostOf(bucket);
      byHost.set(host, [...(byHost.get(host) ?? []), bucket]);
    }
    await Promise.all(
      [...byHost].map(([host, own]) =>
        this.hosts.unlessGone(host, (control) => control.letGo(own, SETTLE_MS_MAX)),
      ),
    );
    for (const bucket of buckets) this.#bridge.letGo(bucket);
  }

  #heard(news: HostNews): void {
    if (news.type === "died") this.#open.delete(news.host);
    if (news.type !== "host") return;
    const { event } = news;
    if (event.type !== "lost" && event.type !== "log_missing") return;
    this.#bridge.letGo(event.bucket);
    this.leadership.lost(event.bucket, event.type === "lost" ? "fenced" : "log-missing");
  }

  /** Hands everything over and stops. */
  async close(): Promise<void> {
    await this.leadership.close();
    this.#bridge.close();
    await this.hosts.stop();
  }
}
