/** Writes down what checkers may see of a run (checkers/observation.ts), and its trace. */

import { hex, SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { BucketWrite, Epoch, Head } from "#ports/store.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import type {
  Observation,
  SeenCommit,
  SeenLead,
  SeenOutput,
  SeenWire,
} from "../checkers/observation.ts";
import type { Trace } from "../kernel/trace.ts";
import type { SimBlocks } from "../world/blocks.ts";
import type { DiskWatcher } from "../world/store.ts";
import type { Contents } from "./swarm.ts";

export class Recorder {
  readonly #nowMs: () => number;
  readonly trace: Trace;
  readonly commits: SeenCommit[] = [];
  readonly leads: SeenLead[] = [];
  readonly outputs: SeenOutput[] = [];
  readonly wires: SeenWire[] = [];

  constructor(nowMs: () => number, trace: Trace) {
    this.#nowMs = nowMs;
    this.trace = trace;
  }

  note(who: string, what: string): void {
    this.trace.add(this.#nowMs(), who, what);
  }

  /** What the disk of this supervisor does. */
  disk(by: string): DiskWatcher {
    return {
      judged: (write, isApplied) => this.#judged(by, write, isApplied),
      led: (buckets, epoch, holder = by) => this.#led(holder, buckets, epoch),
    };
  }

  #judged(by: string, write: BucketWrite, isApplied: boolean): void {
    const { bucket, epoch, parent, records, decides, head } = write;
    const outcome = isApplied ? "applied" : "refused";
    this.commits.push({
      atMs: this.#nowMs(),
      by,
      bucket,
      epoch,
      parent: hex(parent),
      records: records.map(({ hash }) => hex(hash)),
      decides,
      outcome,
    });
    this.note(by, `commit ${bucket} ${outcome} ${head.size} ${hex(head.hash).slice(0, 16)}`);
  }

  #led(by: string, buckets: readonly number[], epoch: Epoch): void {
    for (const bucket of buckets) this.leads.push({ atMs: this.#nowMs(), by, bucket, epoch });
    this.note(by, `leads ${buckets.length} buckets, epoch ${epoch.generation}.${epoch.revision}`);
  }

  receipt(by: string, to: string, receipt: Receipt): void {
    this.outputs.push({ kind: "receipt", atMs: this.#nowMs(), by, to, receipt });
    const said = receipt.kind === "ack" ? `ack ${receipt.seq}` : `nack ${receipt.code}`;
    this.note(by, `tells ${to.slice(-8)} ${said} of ${receipt.envelope.slice(-8)}`);
  }

  notice(by: string, to: string, notice: Notice): void {
    this.outputs.push({ kind: "notice", atMs: this.#nowMs(), by, to, notice });
    this.note(by, `tells ${to.slice(-8)} ${notice.kind} ${notice.need.slice(-8)}`);
  }

  wire(from: string, wire: Uint8Array): void {
    this.wires.push({ atMs: this.#nowMs(), from, wire });
  }

  observation(
    genesis: Uint8Array,
    contents: Iterable<Contents>,
    blocks: SimBlocks,
    isQuiet: boolean,
  ): Observation {
    const logs = new Map<number, readonly Uint8Array[]>();
    const heads = new Map<number, Head>();
    const decideKeys = new Map<number, readonly string[]>();
    for (const { head, chain, decides } of contents) {
      if (head.records === 0 && head.bucket !== SYSTEM_BUCKET) continue;
      logs.set(head.bucket, chain);
      heads.set(head.bucket, head);
      decideKeys.set(head.bucket, decides);
    }
    return {
      genesis,
      logs,
      heads,
      decideKeys,
      block: (cid) => blocks.contents(cid),
      commits: this.commits,
      leads: this.leads,
      outputs: this.outputs,
      wires: this.wires,
      isQuiet,
    };
  }
}
