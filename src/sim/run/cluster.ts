/** Several supervisors over a consensus store, a stream and a bus. */

import { decode } from "#envelope/canonical.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import type { JournalRecord } from "#ports/journal.ts";
import type { RecordWrite } from "#ports/store.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import { decodeToAgent } from "#ports/bus-messages.ts";
import { decodeNotice } from "#protocol/notice-wire.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import { BusLink } from "#agent/bus/bus-link.ts";
import type { Canary } from "../canaries/canary.ts";
import type { Prng } from "../kernel/prng.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import type { FaultPlan } from "../plan/plan.ts";
import type { SimBlocks } from "../world/blocks.ts";
import { SimBus } from "../world/bus.ts";
import { SimConsensus } from "../world/consensus.ts";
import { SimJournal, SimStream } from "../world/journal.ts";
import { Machine, type ClockFaults } from "../world/machine.ts";
import { SimMember, type SimMemberOptions } from "../world/member.ts";
import type { SimNetwork } from "../world/network.ts";
import type { DiskWatcher } from "../world/store.ts";
import type { Contents, SimSwarm } from "./swarm.ts";

/** Sessions that nobody keeps end within this, true ms. */
const EXPIRE_MS = 100;
/** After a fault whose effect comes late, it comes so much later at most, ms. */
const LATE_MS_MAX = 5_000;
/** The agents' part of a subject, and how a did stands in it (ports/bus.ts). */
const AGENT_SUBJECT = /^agent\.(did_key_)(.+)$/;

export interface ClusterOptions extends Omit<
  SimMemberOptions,
  "machine" | "journal" | "stream" | "consensus" | "bus" | "onNews" | "chance"
> {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly blocks: SimBlocks;
  readonly chance: Prng;
  readonly supervisors: readonly ClockFaults[];
  readonly watcher: DiskWatcher;
  readonly canary?: Canary;
  readonly receipt: (by: string, to: string, receipt: Receipt) => void;
  readonly notice: (by: string, to: string, notice: Notice) => void;
  readonly onNews: (by: string, news: Parameters<SimMemberOptions["onNews"]>[0]) => void;
}

export class ClusterSwarm implements SimSwarm {
  readonly processes: readonly SimMember[];
  readonly gateways: readonly string[];
  readonly #o: ClusterOptions;
  readonly #journals: readonly SimJournal[];
  readonly #stream = new SimStream();
  readonly #consensus: SimConsensus;
  readonly #bus: SimBus;

  constructor(options: ClusterOptions) {
    this.#o = options;
    const { scheduler, network, chance, watcher } = options;
    this.#consensus = new SimConsensus({
      nowMs: () => scheduler.nowMs,
      ...(options.canary?.rule === undefined ? {} : { rule: options.canary.rule }),
      watcher: {
        led: watcher.led,
        judged: (write, isApplied) => {
          const records = this.#recordsOf(write.bucket, write.head.hash, write.parent);
          watcher.judged({ ...write, records }, isApplied);
        },
      },
    });
    this.#bus = new SimBus(network, (from, subject, bytes) => this.#seen(from, subject, bytes));
    this.#journals = options.supervisors.map(() => new SimJournal());
    this.processes = options.supervisors.map((clock, index) => {
      const name = `supervisor-${index}`;
      return new SimMember({
        ...options,
        machine: new Machine(scheduler, name, clock),
        journal: this.#journals[index] as SimJournal,
        stream: this.#stream,
        consensus: this.#consensus,
        bus: this.#bus,
        chance: chance.stream(name),
        onNews: (news) => options.onNews(name, news),
      });
    });
    this.gateways = this.processes.map(({ machine }) => machine.name);
    const expire = (): void => {
      this.#consensus.tick();
      scheduler.after(EXPIRE_MS, expire);
    };
    expire();
  }

  start(): void {
    for (const member of this.processes) member.start();
  }

  link(machine: Machine): SwarmLink {
    const bus = this.#bus.connect(machine);
    return new BusLink({ bus, clock: machine.clock });
  }

  async query(bucket: number, name: string, argument: unknown): Promise<unknown> {
    return this.#leaderOf(bucket)?.query(bucket, name, argument);
  }

  give(bucket: number, verb: string, body: unknown): void {
    this.#leaderOf(bucket)?.give(bucket, verb, body);
  }

  #leaderOf(bucket: number): SimMember | undefined {
    return this.processes.find((member) => member.leads(bucket));
  }

  strike(fault: FaultPlan): boolean {
    const { scheduler, chance } = this.#o;
    switch (fault.kind) {
      case "consensus-away":
        this.#consensus.isAway = true;
        scheduler.after(fault.forMs, () => {
          this.#consensus.isAway = false;
        });
        return true;
      case "consensus-fault":
        this.#consensus.fail(fault.fault);
        scheduler.after(chance.stream(JSON.stringify(fault)).below(LATE_MS_MAX), () =>
          this.#consensus.deliverLate(),
        );
        return true;
      case "stream-away":
        this.#stream.isAway = true;
        scheduler.after(fault.forMs, () => {
          this.#stream.isAway = false;
        });
        return true;
      case "stream-lost":
        this.#stream.wipe();
        return true;
      case "cut-off": {
        const member = this.processes[fault.supervisor % this.processes.length];
        if (member === undefined) return true;
        member.isCutOff = true;
        scheduler.after(fault.forMs, () => {
          member.isCutOff = false;
        });
        return true;
      }
      case "off-bus": {
        const member = this.processes[fault.supervisor % this.processes.length];
        if (member === undefined) return true;
        this.#setOffBus(member, true);
        scheduler.after(fault.forMs, () => this.#setOffBus(member, false));
        return true;
      }
      case "disk-lost": {
        const index = fault.supervisor % this.processes.length;
        this.processes[index]?.crash("a fault was asked for: disk lost");
        this.#journals[index]?.wipe();
        return true;
      }
      case "bit-flip":
        this.#journals[fault.supervisor % this.#journals.length]?.flipBits(
          fault.records,
          chance.stream(JSON.stringify(fault)),
        );
        return true;
      case "disk-full": {
        const journal = this.#journals[fault.supervisor % this.#journals.length];
        if (journal === undefined) return true;
        journal.isFull = true;
        scheduler.after(fault.forMs, () => {
          journal.isFull = false;
        });
        return true;
      }
      default:
        return false;
    }
  }

  #setOffBus(member: SimMember, isOff: boolean): void {
    const { network } = this.#o;
    member.isOffBus = isOff;
    if (isOff) network.isolate(member.machine.name);
    else network.join(member.machine.name);
  }

  calm(): void {
    this.#consensus.isAway = false;
    this.#consensus.forgetFaults();
    this.#consensus.deliverLate();
    this.#stream.isAway = false;
    for (const member of this.processes) {
      member.isCutOff = false;
      this.#setOffBus(member, false);
    }
    for (const journal of this.#journals) journal.isFull = false;
  }

  *contents(): Iterable<Contents> {
    for (const { head, decides } of this.#consensus.contents())
      yield { head, decides, chain: this.chainOf(head.bucket, head.hash) };
  }

  /** Records from the first to the one with this hash, as the stream has them. */
  chainOf(bucket: number, from: Uint8Array): readonly Uint8Array[] {
    const chain: Uint8Array[] = [];
    for (let hash = from; hash.some((byte) => byte !== 0);) {
      const record = this.#contents(bucket, hash);
      if (record === undefined) throw new Error(`a record of bucket ${bucket} is nowhere`);
      chain.push(record.bytes);
      hash = record.parent;
    }
    return chain.reverse();
  }

  /** A record, wherever it lies. */
  #contents(bucket: number, hash: Uint8Array): JournalRecord | undefined {
    const stored = this.#stream.contents(bucket, hash);
    if (stored !== undefined) return stored;
    for (const journal of this.#journals) {
      const own = journal.contents(bucket, hash);
      if (own !== undefined) return own;
    }
    return undefined;
  }

  /** The records between two heads, which the consensus store does not see. */
  #recordsOf(bucket: number, from: Uint8Array, parent: Uint8Array): RecordWrite[] {
    const records: RecordWrite[] = [];
    for (let hash = from; !sameBytes(hash, parent);) {
      const record = this.#contents(bucket, hash);
      if (record === undefined) break;
      records.push(record);
      hash = record.parent;
    }
    return records.reverse();
  }

  #seen(from: string, subject: string, bytes: Uint8Array): void {
    const agent = AGENT_SUBJECT.exec(subject);
    if (agent === null) return;
    const to = `did:key:${agent[2] ?? ""}`;
    const message = decodeToAgent(bytes);
    if (message.type === "notices")
      for (const notice of message.items) this.#o.notice(from, to, decodeNotice(notice));
    else if (message.type === "receipts")
      for (const { bytes: one } of message.items) this.#o.receipt(from, to, decode(one) as Receipt);
  }
}
