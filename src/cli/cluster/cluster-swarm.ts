/**
 * One machine of a cluster: its disk, its connections to etcd and NATS, the buckets that it leads, the
 * agents that it runs. With no hosts it leads nothing, and agents and commands work all the same.
 */

import type { MessagePort } from "node:worker_threads";
import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { NatsBus } from "#adapters/nats/bus.ts";
import { openJournal } from "#adapters/sqlite/journal-client.ts";
import { openSqlite, type SqliteThread } from "#adapters/sqlite/open.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { Answered } from "#actors/queries.ts";
import { BusDoor } from "#gateway/bus-door.ts";
import type { ClusterFigures, Foreteller } from "#gateway/swarm.ts";
import type { Clock } from "#ports/clock.ts";
import type { Consensus } from "#ports/consensus.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import { BusLink } from "#agent/bus/bus-link.ts";
import { HOST_LIMITS, SHARED_SNAPSHOT_RECORDS } from "#runtime/host/environment.ts";
import { ClusterMember, type MemberNews } from "#runtime/leadership/member.ts";
import type { BucketHead, HostCounts } from "#runtime/threads/protocol.ts";
import { eldestOf } from "#runtime/leadership/reach.ts";
import { WorkerHosts } from "#runtime/threads/worker-hosts.ts";
import { join } from "node:path";
import { CliError, ToldByOther } from "../errors.ts";
import { AgentsThread } from "../swarm/agents-control.ts";
import { epochFields, placementOf, type EmbeddedOptions } from "../swarm/embedded.ts";
import { writePid, type Folder } from "../swarm/folder.ts";
import type { Operator } from "../swarm/operator.ts";
import type { Reading, RunningSwarm } from "../swarm/running-swarm.ts";
import type { Asked, OperatorWord, Said } from "./ask-messages.ts";
import { Asks } from "./asks.ts";
import { Leaders } from "./leaders.ts";
import { askServers, ServerFigures } from "./figures.ts";
import { foretellerOf } from "./foreteller.ts";
import { look, type Sight } from "../reconcile/look.ts";
import { keepSeen, seenIn } from "./etcd-seen.ts";
import { askedOperator, Speaker } from "./operator.ts";
import { nameIn } from "./name.ts";
import { Reconciler, type Reconciled, type ReconcilerNews } from "../reconcile/reconciler.ts";
import { patiently } from "./patience.ts";
import { openStorage, type OpenedStorage } from "./storage.ts";
import type { ClusterPlaces } from "./settings.ts";
import { buildText, differenceOf, OWN_BUILD, type Build } from "./build.ts";

/** A question is answered in this time, ms, or asked again. */
export const ASK_MS = 1_500;
/** The operator's words wait for the log. */
export const OPERATOR_ASK_MS = 10_000;
/** After this the question of a bucket is given up, ms: longer than any take-over. */
export const ANSWER_MS_MAX = 60_000;
/** Before a bucket without a leader is looked at again, ms. */
const LEADERLESS_MS = 100;
const SECOND_MS = 1_000;
/** Between two stretches of old records that are brought to the own disk: 1,280 a second at most, ms. */
const FILL_REST_MS = 100;

export interface ClusterOptions extends Omit<EmbeddedOptions, "onNews"> {
  readonly places: ClusterPlaces;
  /** A fault: as in MemberOptions. */
  readonly believe?: number;
  readonly onNews: (news: MemberNews | ReconcilerNews) => void;
}

interface Disks {
  readonly journal: SqliteThread;
  readonly blocks: SqliteThread;
}

interface Opened {
  readonly disks: Disks;
  readonly storage: OpenedStorage;
  readonly bus: NatsBus;
  readonly name: string;
  readonly removePid: () => void;
  readonly agents: AgentsThread | undefined;
}

export class ClusterSwarm implements RunningSwarm {
  readonly folder: Folder;
  readonly name: string;
  readonly clock: Clock = systemClock();
  readonly store: Reading;
  readonly agents: AgentsThread | undefined;
  readonly foreteller: Foreteller | undefined;
  readonly #opened: Opened;
  readonly #member: ClusterMember<MessagePort> | undefined;
  readonly #reconciler: Reconciler | undefined;
  /** What was seen of etcd. */
  readonly #keepLast: (() => void) | undefined;
  readonly #asks: Asks;
  readonly #leaders: Leaders;
  readonly #door: BusDoor;
  readonly #speaker: Speaker;
  readonly #hosts: number;
  readonly #servers: ServerFigures;

  private constructor(options: ClusterOptions, opened: Opened) {
    const { folder, settings, places } = options;
    const { storage, bus, name, agents } = opened;
    [this.folder, this.name, this.agents, this.#opened] = [folder, name, agents, opened];
    this.#hosts = settings.hosts;
    const { store, blocks, consensus } = storage;
    this.store = {
      head: (bucket) => this.#patiently(() => store.head(bucket)),
      read: (...range) => this.#patiently(() => store.read(...range)),
      bringAll: () => this.#patiently(() => store.bringAll()),
      get: (cid) => this.#patiently(() => blocks.get(cid)),
      put: (...block) => this.#patiently(() => blocks.put(...block)),
    };
    this.#door = new BusDoor({
      bus,
      clock: this.clock,
      swarm: {
        swarm: folder.swarm,
        policy: folder.genesis.policy,
        query: (bucket, what, about) => this.query(bucket, what, about),
      },
      blocks,
    });
    this.#servers = new ServerFigures(this.clock, askServers(places, bus));
    this.#leaders = new Leaders(consensus, () => this.#door.lead(this.#leaders.ledBy(name)));
    this.#speaker = new Speaker(this, folder.operator);
    this.#asks = new Asks({ bus, clock: this.clock, name, answer: (asked) => this.#answer(asked) });
    this.#member = settings.hosts === 0 ? undefined : this.#lead(options, places);
    this.foreteller = this.#member && this.#foretelling(this.#member);
    this.#reconciler = this.#member && this.#reconciling(options, this.#member);
    this.#keepLast = this.#member && keepSeen(folder.dir, this.clock, () => consensus.seen);
  }

  /** Refuses with DATA_IN_USE, CLUSTER_VERSION, and with a Fault where NATS or etcd let nobody in. */
  static async open(options: ClusterOptions): Promise<ClusterSwarm> {
    const { folder, places, settings } = options;
    const journal = await openJournal(join(folder.dir, "journal"));
    const closing: (() => Promise<void>)[] = [() => journal.close()];
    try {
      const removePid = writePid(folder.dir);
      closing.unshift(async () => removePid());
      const blocks = await openSqlite(join(folder.dir, "blocks"));
      closing.unshift(() => blocks.close());
      const ports = { journal: journal.port(), blocks: blocks.port() };
      const seen = seenIn(folder.dir);
      const storage = await openStorage(ports, { places, swarm: folder.swarm, seen });
      closing.unshift(() => storage.close());
      const name = nameIn(folder.dir);
      const bus = await NatsBus.open({ ...places.nats, name });
      closing.unshift(() => bus.close());
      const agents =
        options.hired === undefined || options.hired.length === 0
          ? undefined
          : await AgentsThread.start({
              placement: placementOf(Math.max(1, settings.hosts)),
              swarm: folder.swarm,
              policy: folder.genesis.policy,
              blocks: blocks.port(),
              nats: places.nats,
              agents: options.hired,
            });
      if (agents !== undefined) closing.unshift(() => agents.close());
      await refuseOtherBuilds(storage.consensus, name);
      const disks = { journal, blocks };
      const swarm = new ClusterSwarm(options, { disks, storage, bus, name, removePid, agents });
      closing.unshift(() => swarm.close(false));
      await swarm.#member?.leadership.entered;
      await swarm.system("registered");
      return swarm;
    } catch (error) {
      for (const close of closing) await close().catch(() => undefined);
      throw error;
    }
  }

  #lead(options: ClusterOptions, places: ClusterPlaces): ClusterMember<MessagePort> {
    const { folder, settings, onNews, onHalt, fault, believe } = options;
    const { storage, bus, name, disks } = this.#opened;
    return new ClusterMember<MessagePort>({
      name,
      build: buildText(OWN_BUILD),
      isAlike: (build) => differenceOf(OWN_BUILD, build) === undefined,
      consensus: storage.consensus,
      bus,
      restock: async (bucket) => {
        await storage.restockBlocks();
        await storage.store.restock(bucket);
      },
      reach: () => bus.reach(),
      runner: new WorkerHosts({
        application: import.meta.resolve("#actors/application.ts"),
        init: folder.genesisBytes,
        storage: import.meta.resolve("#cli/cluster/storage.ts"),
        storageInit: { places, swarm: folder.swarm },
        storePorts: () => [disks.journal.port(), disks.blocks.port()],
        limits: { ...HOST_LIMITS, snapshotRecords: SHARED_SNAPSHOT_RECORDS },
        youngMib: settings.youngMib,
      }),
      hosts: settings.hosts,
      placement: placementOf(settings.hosts),
      tree: settings.tree,
      facts: { master: folder.keys.seed("operator"), fields: epochFields(folder) },
      clock: this.clock,
      onNews,
      onHalt,
      ...(fault === undefined ? {} : { fault }),
      ...(believe === undefined ? {} : { believe }),
    });
  }

  #reconciling(
    { places, onNews }: ClusterOptions,
    { leadership }: ClusterMember<MessagePort>,
  ): Reconciler {
    const { store, consensus, restockBlocks } = this.#opened.storage;
    const sight: Sight = {
      name: this.name,
      led: () => [...leadership.led.keys()],
      query: (...asked) => this.query(...asked),
      built: () => this.#heads(),
      leaders: () => consensus.leaders(),
      heads: (buckets) => consensus.heads(buckets),
      copies: (head) => store.copiesOf(head),
    };
    const rest = (): Promise<void> =>
      new Promise((resolve) => void this.clock.after(FILL_REST_MS, resolve));
    return new Reconciler({
      clock: this.clock,
      periodMs: places.reconcileSeconds * SECOND_MS,
      look: () => look(sight),
      mend: (bucket) => store.mend(bucket),
      restockBlocks,
      fill: () => store.fill(() => leadership.led, rest),
      tell: (text) => onNews({ type: "reconciler", text }),
    });
  }

  #foretelling({ leadership }: ClusterMember<MessagePort>): Foreteller {
    return foretellerOf({
      bus: this.#opened.bus,
      isCutOff: () => leadership.isCutOff,
      couldBid: (...asked) => this.#ofHosts((host) => this.#hostQuery(host, "could-bid", asked)),
    });
  }

  /** Of the buckets that the hosts of this machine have. */
  async #heads(): Promise<readonly BucketHead[]> {
    const heads = await this.#ofHosts(async (host) => this.#member?.hosts.control(host)?.heads());
    return (heads as readonly (readonly BucketHead[])[]).flat();
  }

  /** Undefined: this machine leads nothing, or has not run yet. */
  get reconciled(): Reconciled | undefined {
    return this.#reconciler?.last;
  }

  /** Buckets that this machine leads. */
  ledHere(): ReadonlyMap<number, unknown> {
    return this.#member?.leadership.led ?? new Map();
  }

  /** Undefined: this machine leads nothing. */
  get hosts(): ClusterMember<MessagePort>["hosts"] | undefined {
    return this.#member?.hosts;
  }

  /** Supervisors that live, this one included where it leads. */
  async members(): Promise<readonly string[]> {
    const { consensus } = this.#opened.storage;
    return (await this.#patiently(() => consensus.members())).map(({ name }) => name);
  }

  link(): SwarmLink {
    return new BusLink({ bus: this.#opened.bus, clock: this.clock });
  }

  async openOperator(): Promise<Operator> {
    return askedOperator((word) => this.#toSpeaker(word));
  }

  async query<T>(bucket: number, name: string, about?: unknown): Promise<T | undefined> {
    const asked: Asked = { what: "query", bucket, name, about };
    return (await this.#atLeader(bucket, asked, ASK_MS)) as T | undefined;
  }

  system<T>(name: string, argument?: unknown): Promise<T | undefined> {
    return this.query<T>(SYSTEM_BUCKET, name, argument);
  }

  /** Whoever has left meanwhile is not waited for. */
  async queryAll(name: string): Promise<readonly unknown[]> {
    const answers = await this.#ofMembers({ what: "hosts", name });
    return answers.flatMap((one) => one as readonly unknown[]);
  }

  readonly cluster = async (): Promise<ClusterFigures> => {
    const { isConnected, dropped, thrown, refused } = this.#opened.bus;
    const silentMs = this.#member?.leadership.silentMs ?? Infinity;
    return {
      bucketsLed: this.ledHere().size,
      keepAliveAgeMs: Number.isFinite(silentMs) ? silentMs : undefined,
      nats: { isConnected, dropped, thrown, refused },
      ...(await this.#servers.read()),
    };
  };

  counts(): Promise<readonly HostCounts[]> {
    return this.#member?.hosts.stats() ?? Promise.resolve([]);
  }

  async drain(): Promise<void> {
    await this.#ofMembers({ what: "settle" });
  }

  async close(drain: boolean): Promise<void> {
    const { disks, storage, bus, removePid } = this.#opened;
    if (drain) await this.#member?.hosts.settle();
    await this.agents?.close();
    this.#reconciler?.close();
    await this.#speaker.close();
    await this.#member?.close();
    this.#keepLast?.();
    this.#asks.close();
    this.#leaders.close();
    this.#door.close();
    await bus.close();
    await storage.close();
    removePid();
    await disks.blocks.close();
    await disks.journal.close();
  }

  /* ------------------------------------------------------------------------ asking */

  #toSpeaker(word: OperatorWord): Promise<unknown> {
    return this.#atLeader(SYSTEM_BUCKET, { what: "operator", word }, OPERATOR_ASK_MS);
  }

  /** Of whoever leads the bucket, until it is answered. */
  async #atLeader(bucket: number, asked: Asked, waitMs: number): Promise<unknown> {
    const endMs = this.clock.monotonicMs() + ANSWER_MS_MAX;
    for (;;) {
      const leader = this.#leaders.of(bucket);
      const said = leader === undefined ? undefined : await this.#ask(leader, asked, waitMs);
      if (said?.kind === "ok") return said.value;
      if (said?.kind === "failed") throw new ToldByOther(said.told);
      if (this.clock.monotonicMs() > endMs)
        throw new CliError("CLUSTER_UNANSWERED", { bucket, seconds: ANSWER_MS_MAX / SECOND_MS });
      await this.#pause();
      await this.#leaders.refresh();
    }
  }

  /**
   * Whom a question to all is for: each that lives, but for those that NATS does not reach and that lead
   * nothing any more. They will not answer, and have nothing to say.
   */
  async #toAnswer(): Promise<readonly string[]> {
    const { consensus } = this.#opened.storage;
    const [members, leaders] = await this.#patiently(() =>
      Promise.all([consensus.members(), consensus.leaders()]),
    );
    const leading = new Set(leaders.map(({ holder }) => holder));
    return members
      .filter(({ name, isCutOff }) => !isCutOff || leading.has(name))
      .map(({ name }) => name);
  }

  /** One answer of each that has one. */
  async #ofMembers(asked: Asked): Promise<readonly unknown[]> {
    const members = await this.#toAnswer();
    const answers = await Promise.all(members.map((member) => this.#ofMember(member, asked)));
    return answers.filter((one) => one !== undefined);
  }

  async #ofMember(member: string, asked: Asked): Promise<unknown> {
    for (;;) {
      const said = await this.#ask(member, asked, OPERATOR_ASK_MS);
      if (said?.kind === "ok") return said.value;
      if (said?.kind === "failed") throw new ToldByOther(said.told);
      if (!(await this.#toAnswer()).includes(member)) return undefined;
      await this.#pause();
    }
  }

  #patiently<T>(ask: () => Promise<T>): Promise<T> {
    return patiently(this.clock, ask);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.clock.after(LEADERLESS_MS, resolve));
  }

  #ask(member: string, asked: Asked, waitMs: number): Promise<Said | undefined> {
    return member === this.name ? this.#answer(asked) : this.#asks.ask(member, asked, waitMs);
  }

  /* --------------------------------------------------------------------- answering */

  async #answer(asked: Asked): Promise<Said> {
    switch (asked.what) {
      case "query":
        return this.#ofBucket(asked.bucket, asked.name, asked.about);
      case "operator": {
        const here = await this.#ofBucket(SYSTEM_BUCKET, "registered", undefined);
        if (here.kind !== "ok") {
          await this.#speaker.close();
          return here;
        }
        return { kind: "ok", value: await this.#speaker.say(asked.word) };
      }
      case "hosts":
        return {
          kind: "ok",
          value: await this.#ofHosts((host) => this.#hostQuery(host, asked.name)),
        };
      case "settle":
        await this.#member?.hosts.settle();
        return { kind: "ok", value: true };
      case "status":
        return { kind: "ok", value: await this.#status() };
    }
  }

  async #ofBucket(bucket: number, name: string, about: unknown): Promise<Said> {
    const hosts = this.#member?.hosts;
    const control = hosts?.control(hosts.hostOf(bucket));
    if (hosts === undefined || control === undefined) return { kind: "elsewhere" };
    let answered: Answered | undefined;
    await hosts.unlessGone(hosts.hostOf(bucket), async () => {
      answered = (await control.query("at", [bucket, name, about])) as Answered | undefined;
    });
    return answered === undefined ? { kind: "elsewhere" } : { kind: "ok", value: answered.answer };
  }

  async #hostQuery(host: number, name: string, about?: unknown): Promise<unknown> {
    return this.#member?.hosts.control(host)?.query(name, about);
  }

  async #ofHosts(ask: (host: number) => Promise<unknown>): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (let host = 0; host < this.#hosts; host += 1)
      await this.#member?.hosts.unlessGone(host, async () => void answers.push(await ask(host)));
    return answers;
  }

  /** What `canswarm cluster status` tells of this machine. */
  async #status(): Promise<MemberStatus> {
    const heads = await this.#heads();
    return {
      ...OWN_BUILD,
      hosts: this.#hosts,
      reconciled: this.reconciled,
      heads: heads
        .filter(({ bucket }) => bucket <= BUCKETS)
        .map(({ bucket, records, size }) => ({ bucket, records, size })),
    };
  }
}

/**
 * The version handshake, before anything is joined: whoever is there shows in etcd what it is, so none has to
 * answer. Leadership looks again at every change (D9).
 */
const refuseOtherBuilds = async (
  consensus: Pick<Consensus, "members">,
  own: string,
): Promise<void> => {
  const members = await patiently(systemClock(), () => consensus.members());
  const eldest = eldestOf(members.filter(({ name }) => name !== own));
  const difference = eldest && differenceOf(OWN_BUILD, eldest.build);
  if (eldest === undefined || difference === undefined) return;
  const { name: member } = eldest;
  throw new CliError("CLUSTER_VERSION", { member, ...difference, ours: OWN_BUILD.version });
};

export interface MemberStatus extends Build {
  readonly hosts: number;
  /** The last run of its reconciler; undefined: none yet. */
  readonly reconciled: Reconciled | undefined;
  readonly heads: readonly {
    readonly bucket: number;
    readonly records: number;
    readonly size: number;
  }[];
}
