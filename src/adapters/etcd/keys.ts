/**
 * Where the rows of one swarm lie in etcd, and what their values say. All of it is text, so that an
 * operator can read it with etcdctl; docs/internals/etcd.md shows it.
 */

import { hex } from "#envelope/cid.ts";
import { isSwarmId } from "#envelope/swarm.ts";
import { emptyHead } from "#ports/commit-rules.ts";
import type { LeaderRow, Member } from "#ports/consensus.ts";
import type { Head } from "#ports/store.ts";

/** Buckets are written with so many digits, so that keys sort as numbers do. */
const BUCKET_DIGITS = 3;

/** From `key` up to, not including, `range_end`. */
export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** Ends before the next text of the same length: no key here ends in 0xff. */
const under = (prefix: string): KeyRange => {
  const last = prefix.charCodeAt(prefix.length - 1);
  const end = prefix.slice(0, -1) + String.fromCharCode(last + 1);
  return { key: Buffer.from(prefix), range_end: Buffer.from(end) };
};

const digits = (bucket: number): string => {
  const text = String(bucket).padStart(BUCKET_DIGITS, "0");
  if (text.length > BUCKET_DIGITS) throw new Error(`bucket ${bucket} has too many digits`);
  return text;
};

export class Keys {
  readonly #root: string;
  readonly generation: Buffer;
  /** Says nothing; it is put with every request of commits. */
  readonly quota: Buffer;
  readonly members: KeyRange;
  readonly leaders: KeyRange;
  readonly pins: KeyRange;
  /** Members, leaders and pins: what is watched. */
  readonly live: KeyRange;

  /** `swarm`: name and digest, so that two swarms never share a row. */
  constructor(swarm: string) {
    if (!isSwarmId(swarm)) throw new Error(`${swarm} is no swarm id`);
    this.#root = `/canswarm/${swarm}/`;
    this.generation = Buffer.from(`${this.#root}generation`);
    this.quota = Buffer.from(`${this.#root}quota`);
    this.members = under(`${this.#root}live/member/`);
    this.leaders = under(`${this.#root}live/leader/`);
    this.pins = under(`${this.#root}live/pin/`);
    this.live = under(`${this.#root}live/`);
  }

  member(name: string): Buffer {
    return Buffer.from(`${this.#root}live/member/${name}`);
  }

  /** Of a member's row. */
  memberName(key: Buffer): string {
    return key.subarray(this.members.key.length).toString();
  }

  leader(bucket: number): Buffer {
    return Buffer.from(`${this.#root}live/leader/${digits(bucket)}`);
  }

  pin(bucket: number): Buffer {
    return Buffer.from(`${this.#root}live/pin/${digits(bucket)}`);
  }

  head(bucket: number): Buffer {
    return Buffer.from(`${this.#root}head/${digits(bucket)}`);
  }

  /** One range that holds the heads of all these buckets, and of those between them. */
  heads(buckets: readonly number[]): KeyRange {
    const last = this.head(Math.max(...buckets));
    return {
      key: this.head(Math.min(...buckets)),
      range_end: Buffer.concat([last, Buffer.of(0)]),
    };
  }

  get everyHead(): KeyRange {
    return under(`${this.#root}head/`);
  }

  get allDecides(): KeyRange {
    return under(`${this.#root}decide/`);
  }

  /** Of a row under `allDecides`: its bucket and its `need/attempt`. */
  decideIn(key: Buffer): readonly [bucket: number, key: string] {
    const text = key.subarray(this.allDecides.key.length).toString();
    return [Number(text.slice(0, BUCKET_DIGITS)), text.slice(BUCKET_DIGITS + 1)];
  }

  decides(bucket: number): KeyRange {
    return under(`${this.#root}decide/${digits(bucket)}/`);
  }

  /** `key` is `need/attempt`. */
  decide(bucket: number, key: string): Buffer {
    return Buffer.from(`${this.#root}decide/${digits(bucket)}/${key}`);
  }

  /** Which write of the bucket is made in several steps just now (staged.ts). */
  stage(bucket: number): Buffer {
    return Buffer.from(`${this.#root}stage/${digits(bucket)}`);
  }
}

/** Of a row of a leader, a pin or a head. */
export const bucketOf = (key: Buffer): number =>
  Number(key.subarray(key.length - BUCKET_DIGITS).toString());

/* ------------------------------------------------------------------------ values */

/** `<hash> <generation> <revision> <records> <size>`; the hash comes first, so that it can be compared. */
export const headValue = ({ hash, epoch, records, size }: Head): Buffer =>
  Buffer.from(`${hex(hash)} ${epoch.generation} ${epoch.revision} ${records} ${size}`);

/** Every head value with this hash lies strictly between the two: a space, then `!`, which follows it. */
export const headBounds = (hash: Uint8Array): readonly [above: Buffer, below: Buffer] => {
  const text = hex(hash);
  return [Buffer.from(`${text} `), Buffer.from(`${text}!`)];
};

/** No row is the empty head. */
export const readHead = (bucket: number, value: Buffer | undefined): Head => {
  if (value === undefined) return emptyHead(bucket);
  const [hash = "", ...numbers] = value.toString().split(" ");
  const [generation = Number.NaN, revision = Number.NaN, records = Number.NaN, size = Number.NaN] =
    numbers.map(Number);
  if (hash.length !== 64 || ![generation, revision, records, size].every(Number.isSafeInteger))
    throw new Error(`the head of bucket ${bucket} cannot be read`);
  const epoch = { generation, revision };
  return { bucket, epoch, records, size, hash: new Uint8Array(Buffer.from(hash, "hex")) };
};

/** `<generation> <campaign> <holder>`; the campaign tells two winnings of one holder apart. */
export const leaderValue = (generation: number, campaign: string, holder: string): Buffer =>
  Buffer.from(`${generation} ${campaign} ${holder}`);

const ON_BUS = "on-bus";
const CUT_OFF = "cut-off";

/** `<on-bus or cut-off> <build>`. */
export const memberValue = (isOff: boolean, build: string): Buffer =>
  Buffer.from(`${isOff ? CUT_OFF : ON_BUS} ${build}`);

/** The revision at which the row was created says who was there first. */
export const readMember = (
  name: string,
  { value, create_revision }: { readonly value: Buffer; readonly create_revision: string },
): Member => {
  const [state, ...build] = value.toString().split(" ");
  const since = Number(create_revision);
  return { name, isCutOff: state === CUT_OFF, build: build.join(" "), since };
};

/** The revision of an epoch is the one at which the row was created. */
export const readLeader = (row: {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly create_revision: string;
}): LeaderRow => {
  const [generation, , ...holder] = row.value.toString().split(" ");
  return {
    bucket: bucketOf(row.key),
    holder: holder.join(" "),
    epoch: { generation: Number(generation), revision: Number(row.create_revision) },
  };
};
