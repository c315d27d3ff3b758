/**
 * The lines of an audit file (docs/protocol/audit-file.md): one header, the records of 257 buckets, 257
 * signed heads. Each function here writes a line's one text; reading demands exactly that text again.
 */

import { encode } from "#envelope/canonical.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { decodeGenesis } from "#domain/genesis/codec.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import type { Epoch } from "#ports/store.ts";
import { headerHash } from "../swarm/folder.ts";
import { base64url, canonicalJson, type Json } from "./canonical-json.ts";
import type { BucketChain } from "./chain.ts";

export const AUDIT_VERSION = 1;

export interface Header {
  readonly genesis: Genesis;
  readonly genesisBytes: Uint8Array;
  readonly swarm: string;
  /** Hex; every EPOCH of every bucket names it. */
  readonly hash: string;
}

/** Throws Malformed where the bytes are no genesis. */
export const headerOf = (genesisBytes: Uint8Array): Header => {
  const genesis = decodeGenesis(genesisBytes);
  const swarm = swarmIdOf(genesis.name, genesisBytes);
  return { genesis, genesisBytes, swarm, hash: headerHash(genesisBytes) };
};

export const headerLine = ({ genesis, genesisBytes, swarm, hash }: Header): string =>
  canonicalJson({
    kind: "header",
    version: AUDIT_VERSION,
    swarm,
    profile: genesis.parameters.profile,
    genesis: base64url(genesisBytes),
    hash,
  });

export const recordLine = (
  record: { readonly bucket: number; readonly index: number; readonly hash: Uint8Array },
  bytes: Uint8Array,
  view: Json,
): string =>
  canonicalJson({
    kind: "record",
    bucket: record.bucket,
    index: record.index,
    hash: hex(record.hash),
    record: base64url(bytes),
    view,
  });

/** What a head states of its bucket's log; everything but the draw secret follows from the records. */
export interface HeadFacts {
  readonly bucket: number;
  readonly records: number;
  readonly size: number;
  readonly hash: Uint8Array;
  readonly root: Uint8Array;
  /** Undefined for an empty log: nobody led the bucket, so there is no key either. */
  readonly led: { readonly epoch: Epoch; readonly key: string } | undefined;
}

export const factsOf = (chain: BucketChain): HeadFacts => {
  const { bucket, records, size, hash, epoch } = chain;
  const led =
    epoch === undefined
      ? undefined
      : { epoch: { generation: epoch.generation, revision: epoch.revision }, key: epoch.key };
  return { bucket, records, size, hash, root: chain.tree.root(), led };
};

const domain = (name: string): Uint8Array => new TextEncoder().encode(`canswarm/v1/${name}\0`);
const FILE = domain("audit-file");
const HEAD = domain("audit-head");
const OPERATOR = domain("audit-operator");

/** Hex digest over all heads: heads of two files cannot be mixed. */
export const fileDigest = (header: string, heads: readonly HeadFacts[]): string =>
  hex(
    sha256(
      FILE,
      encode([header, heads.map((h) => [h.bucket, h.records, h.size, h.hash, h.root] as const)]),
    ),
  );

export interface HeadMessages {
  /** Signed by the key that the last EPOCH names. */
  readonly epoch: Uint8Array;
  /** Signed by the operator's key, which the genesis names. */
  readonly operator: Uint8Array;
}

export const headMessages = (
  header: string,
  file: string,
  facts: HeadFacts,
  secret: Uint8Array | undefined,
): HeadMessages => {
  const { bucket, records, size, hash, root, led } = facts;
  const under = led === undefined ? null : [led.epoch.generation, led.epoch.revision, led.key];
  const said = encode([header, file, bucket, records, size, hash, root, under, secret ?? null]);
  return { epoch: joined(HEAD, said), operator: joined(OPERATOR, said) };
};

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a, 0);
  whole.set(b, a.length);
  return whole;
};

export interface HeadSigned {
  /** The draw secret of the last epoch, which has ended: draws under it can be checked. */
  readonly secret: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
  readonly operator: Uint8Array;
}

export const headLine = (file: string, facts: HeadFacts, signed: HeadSigned): string => {
  const { bucket, records, size, hash, root, led } = facts;
  const { secret, signature, operator } = signed;
  return canonicalJson({
    kind: "head",
    bucket,
    records,
    size,
    hash: hex(hash),
    root: hex(root),
    epoch: led === undefined ? null : [led.epoch.generation, led.epoch.revision],
    key: led === undefined ? null : led.key,
    secret: secret === undefined ? null : base64url(secret),
    file,
    signature: signature === undefined ? null : base64url(signature),
    operator: base64url(operator),
  });
};
