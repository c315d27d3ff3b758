/** The simulated journal of one machine, and the simulated stream of all. */

import { Fault } from "#ports/faults.ts";
import {
  HASHES_TOGETHER_MAX,
  RECORDS_TOGETHER_BYTES_MAX,
  type Journal,
  type JournalRecord,
  type Link,
  type RecordStream,
  type TakeRecords,
} from "#ports/journal.ts";
import { completed } from "#ports/snapshot-parts.ts";
import type { Snapshot } from "#ports/store.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import type { Prng } from "../kernel/prng.ts";

const nameOf = (bucket: number, hash: Uint8Array): string => `${bucket} ${hex(hash)}`;

const copied = (record: JournalRecord): JournalRecord => ({
  ...record,
  hash: record.hash.slice(),
  parent: record.parent.slice(),
  bytes: record.bytes.slice(),
});

const linkOf = ({ index, hash, parent }: JournalRecord): Link => ({ index, hash, parent });

/** Its bytes are not those that its hash names. */
const isDamaged = ({ bytes, hash }: JournalRecord): boolean => !sameBytes(sha256(bytes), hash);

export class SimJournal {
  readonly #records = new Map<string, JournalRecord>();
  readonly #snapshots = new Map<number, Snapshot>();
  #life = 0;
  #isOpen = false;
  /** Nothing more can be written. */
  isFull = false;

  open(): Journal {
    if (this.#isOpen) throw new Fault("DATA_IN_USE", "the simulated journal is open already");
    this.#isOpen = true;
    const life = this.#life;
    const check = (): void => {
      if (life !== this.#life) throw new Fault("STORE_CLOSED", "the simulated journal was closed");
    };
    return {
      append: async (records) => {
        check();
        if (this.isFull) throw new Fault("STORE_FULL", "the simulated disk is full");
        for (const record of records) {
          const name = nameOf(record.bucket, record.hash);
          const stored = this.#records.get(name);
          if (stored === undefined || isDamaged(stored)) this.#records.set(name, copied(record));
        }
      },
      get: async (bucket, hash) => {
        check();
        const record = this.#records.get(nameOf(bucket, hash));
        if (record === undefined) return undefined;
        if (isDamaged(record))
          throw new Fault("STORE_CORRUPT", `record ${record.index} of bucket ${bucket} is damaged`);
        return copied(record);
      },
      getMany: async (bucket, hashes) => {
        check();
        return this.#many(bucket, hashes);
      },
      links: async (bucket, hash, count) => {
        check();
        const found: Link[] = [];
        let bytes = 0;
        for (let at = hash; found.length < count; at = found.at(-1)!.parent) {
          const record = this.contents(bucket, at);
          bytes += record?.bytes.length ?? 0;
          const isTooMuch = found.length > 0 && bytes > RECORDS_TOGETHER_BYTES_MAX;
          if (record === undefined || isTooMuch) break;
          found.push(linkOf(copied(record)));
        }
        return found;
      },
      hashes: async (bucket, above) => {
        check();
        return this.#hashes(bucket, above);
      },
      drop: async (bucket, hashes) => {
        check();
        if (this.isFull) throw new Fault("STORE_FULL", "the simulated disk is full");
        for (const hash of hashes) this.#records.delete(nameOf(bucket, hash));
      },
      newest: async (bucket) => {
        check();
        const last = [...this.#records.values()].findLast((record) => record.bucket === bucket);
        return last && { index: last.index, hash: last.hash.slice() };
      },
      loadSnapshot: async (bucket) => (check(), this.#snapshots.get(bucket)),
      saveSnapshot: async (snapshot) => {
        check();
        if (this.isFull) throw new Fault("STORE_FULL", "the simulated disk is full");
        const { bucket } = snapshot;
        this.#snapshots.set(bucket, completed(snapshot, this.#snapshots.get(bucket)));
      },
      close: async () => {
        if (life === this.#life) this.crash();
      },
    };
  }

  #many(bucket: number, hashes: readonly Uint8Array[]): readonly JournalRecord[] {
    const found: JournalRecord[] = [];
    let bytes = 0;
    for (const hash of hashes) {
      const record = this.contents(bucket, hash);
      bytes += record?.bytes.length ?? 0;
      const isTooMuch = found.length > 0 && bytes > RECORDS_TOGETHER_BYTES_MAX;
      if (record === undefined || isTooMuch) break;
      found.push(copied(record));
    }
    return found;
  }

  #hashes(bucket: number, above: Uint8Array | undefined): readonly Uint8Array[] {
    const least = above === undefined ? "" : nameOf(bucket, above);
    return [...this.#records]
      .filter(([name, record]) => record.bucket === bucket && name > least)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .slice(0, HASHES_TOGETHER_MAX)
      .map(([, { hash }]) => hash.slice());
  }

  crash(): void {
    this.#life += 1;
    this.#isOpen = false;
  }

  /** For whoever looks from outside the world. What is damaged is not there. */
  contents(bucket: number, hash: Uint8Array): JournalRecord | undefined {
    const record = this.#records.get(nameOf(bucket, hash));
    return record === undefined || isDamaged(record) ? undefined : record;
  }

  /** In so many of its records a bit is wrong from now on. */
  flipBits(records: number, chance: Prng): void {
    const names = [...this.#records.keys()];
    for (let flipped = 0; flipped < Math.min(records, names.length); flipped += 1) {
      const record = this.#records.get(chance.pick(names));
      if (record === undefined) continue;
      const at = chance.below(record.bytes.length);
      record.bytes[at] = (record.bytes[at] ?? 0) ^ (1 << chance.below(8));
    }
  }

  /** The disk is lost. */
  wipe(): void {
    this.#records.clear();
    this.#snapshots.clear();
  }
}

const READ_AT_A_TIME = 8;

const inOrder = async (records: readonly JournalRecord[], take: TakeRecords): Promise<void> => {
  for (let at = 0; at < records.length; at += READ_AT_A_TIME)
    if (!(await take(records.slice(at, at + READ_AT_A_TIME).map(copied)))) return;
};

export class SimStream {
  readonly #records = new Map<string, JournalRecord>();
  readonly #snapshots = new Map<number, Snapshot>();
  /** No server answers; what is sent meanwhile may have arrived. */
  isAway = false;

  /**
   * `arrives` tells of each publish without an answer whether it was stored all the same; `isCutOff`,
   * whether this caller reaches it now: what it publishes while it does not is not stored.
   */
  connect(arrives: () => boolean, isCutOff = (): boolean => false): RecordStream {
    const answered = (): void => {
      if (this.isAway || isCutOff())
        throw new Fault("BUS_UNREACHABLE", "the stream does not answer");
    };
    const stored = (store: () => void): void => {
      if (!isCutOff() && (!this.isAway || arrives())) store();
      answered();
    };
    return {
      publish: async (records) =>
        stored(() => {
          for (const record of records)
            this.#records.set(nameOf(record.bucket, record.hash), copied(record));
        }),
      get: async (bucket, hash) => {
        answered();
        const record = this.#records.get(nameOf(bucket, hash));
        return record === undefined ? undefined : copied(record);
      },
      readAfter: async (bucket, after, take) => {
        answered();
        const own = [...this.#records.values()].filter((record) => record.bucket === bucket);
        const from =
          after === undefined ? 0 : 1 + own.findIndex((one) => sameBytes(one.hash, after));
        await inOrder(own.slice(from), take);
      },
      readAll: async (take) => {
        answered();
        await inOrder([...this.#records.values()], take);
      },
      drop: async (bucket, hashes) =>
        stored(() => {
          for (const hash of hashes) this.#records.delete(nameOf(bucket, hash));
        }),
      loadSnapshot: async (bucket) => (answered(), this.#snapshots.get(bucket)),
      saveSnapshot: async (snapshot) =>
        stored(() => {
          const { bucket } = snapshot;
          this.#snapshots.set(bucket, completed(snapshot, this.#snapshots.get(bucket)));
        }),
      close: async () => {},
    };
  }

  /** For whoever looks from outside the world. */
  contents(bucket: number, hash: Uint8Array): JournalRecord | undefined {
    return this.#records.get(nameOf(bucket, hash));
  }

  /** Its servers lose everything. */
  wipe(): void {
    this.#records.clear();
    this.#snapshots.clear();
  }
}
