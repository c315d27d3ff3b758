/**
 * One supervisor of a cluster: its hosts, its leadership and its bridge to the bus, put together. What
 * it leads is led by its hosts; what its hosts lose it loses.
 */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { Bus } from "#ports/bus.ts";
import type { Consensus } from "#ports/consensus.ts";
import type { Epoch } from "#ports/store.ts";
import { BusBridge } from "../bus/bus-bridge.ts";
import { HostSet, type HostNews, type HostSetOptions } from "../threads/host-set.ts";
import type { NextLeader, Port } from "../threads/protocol.ts";
import { Leadership, type LeadershipEvent } from "./leadership.ts";

/** A hand-over waits so long for what was built to be settled and for its snapshot, ms. */
export const SETTLE_MS_MAX = 1_000;

export type MemberNews =
  | HostNews
  | { readonly type: "leadership"; readonly event: LeadershipEvent }
  /** Of the bucket that a fault makes this supervisor believe it leads. */
  | {
      readonly type: "believer";
      readonly bucket: number;
      readonly epoch: Epoch;
      /** Times that the store has refused what it wrote; 0: it has begun to believe. */
      readonly refusals: number;
    };

/** A believer looks for somebody else who may lead, and tries again, after so long, ms. */
export const BELIEVE_AGAIN_MS = 500;

export interface MemberOptions<P extends Port> extends Omit<
  HostSetOptions<P>,
  "lead" | "bridge" | "onNews"
> {
  readonly name: string;
  /** As in LeadershipOptions. */
  readonly build: string;
  readonly isAlike: (build: string) => boolean;
  readonly consensus: Consensus;
  readonly bus: Bus;
  /** As in LeadershipOptions. */
  readonly restock: (bucket: number) => Promise<void>;
  readonly reach: () => Promise<void>;
  /** A fault: of this bucket it goes on to believe that it leads it, once others may. */
  readonly believe?: number;
  readonly onNews: (news: MemberNews) => void;
}

/** What is won first is loaded first, and every other bucket asks the system bucket. */
const inOrder = (buckets: readonly number[]): readonly number[] =>
  buckets.toSorted((one, other) => rankIn(one) - rankIn(other));
const rankIn = (bucket: number): number => (bucket === SYSTEM_BUCKET ? -1 : bucket);

interface Believed {
  readonly bucket: number;
  readonly epoch: Epoch;
  refusals: number;
}

export class ClusterMember<P extends Port> {
  readonly hosts: HostSet<P>;
  readonly leadership: Leadership;
  readonly #bridge: BusBridge;
  /** Hosts that have been told where everything is. */
  readonly #open = new Set<number>();
  readonly #o: MemberOptions<P>;
  #believed: Believed | undefined;

  constructor(options: MemberOptions<P>) {
    this.#o = options;
    const { name, build, isAlike, consensus, bus, clock, placement, restock, reach } = options;
    const { onNews } = options;
    this.#bridge = new BusBridge({
      bus,
      hostOf: (bucket) => placement[bucket] ?? 0,
      nowMs: () => clock.monotonicMs(),
    });
    this.leadership = new Leadership({
      name,
      build,
      isAlike,
      consensus,
      clock,
      buckets: inOrder(placement.flatMap((host, bucket) => (host < 0 ? [] : [bucket]))),
      won: (bucket, epoch) => this.#won(bucket, epoch),
      letGo: (buckets, toWhom) => this.#letGo(buckets, toWhom),
      restock,
      reach,
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
    if (bucket === this.#o.believe) void this.#believe(bucket, epoch);
  }

  /** As soon as somebody else can lead the bucket it is his, and this one is told nothing of it. */
  async #believe(bucket: number, epoch: Epoch): Promise<void> {
    const { consensus, clock, onNews } = this.#o;
    while ((await consensus.members().catch(() => [])).length < 2)
      await new Promise<void>((resolve) => void clock.after(BELIEVE_AGAIN_MS, resolve));
    if (this.#believed !== undefined || !this.leadership.led.has(bucket)) return;
    this.#believed = { bucket, epoch, refusals: 0 };
    onNews({ type: "believer", ...this.#believed });
    await this.leadership.renounce(bucket);
  }

  #isBelieved(bucket: number): boolean {
    return this.#believed?.bucket === bucket;
  }

  /** The store has told it that it does not lead, and it begins once more under the same epoch. */
  #refused(believed: Believed): void {
    const { bucket, epoch } = believed;
    believed.refusals += 1;
    this.#o.onNews({ type: "believer", ...believed });
    this.#o.clock.after(BELIEVE_AGAIN_MS, () => {
      const control = this.hosts.control(this.hosts.hostOf(bucket));
      control?.lead([bucket], epoch).catch(() => undefined);
    });
  }

  async #letGo(all: readonly number[], toWhom: NextLeader): Promise<void> {
    const buckets = all.filter((bucket) => !this.#isBelieved(bucket));
    const byHost = new Map<number, number[]>();
    for (const bucket of buckets) {
      const host = this.hosts.hostOf(bucket);
      byHost.set(host, [...(byHost.get(host) ?? []), bucket]);
    }
    await Promise.all(
      [...byHost].map(([host, own]) =>
        this.hosts.unlessGone(host, (control) => control.letGo(own, SETTLE_MS_MAX, toWhom)),
      ),
    );
    for (const bucket of buckets) this.#bridge.letGo(bucket);
  }

  #heard(news: HostNews): void {
    if (news.type === "died") this.#open.delete(news.host);
    if (news.type !== "host") return;
    const { event } = news;
    if (event.type !== "lost" && event.type !== "log_missing") return;
    if (this.#believed !== undefined && this.#isBelieved(event.bucket)) {
      this.#refused(this.#believed);
      return;
    }
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
