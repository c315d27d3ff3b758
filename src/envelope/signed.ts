/**
 * Signatures over batches of envelopes (protocol section 2).
 *
 * S1  A signature is over "canswarm/v1/root\0" ‖ size (u32, big-endian) ‖ root of 1 … 256 envelopes;
 *     an envelope of the batch verifies alone by (signature, size, index, path).
 * S2  `verifyAll` answers for each member exactly what `verifySigned` answers for it alone; it only
 *     saves the repeated work.
 */

import { decodeShared, encode } from "./canonical.ts";
import { cidOf, hex } from "./cid.ts";
import { publicKeyOf } from "./did.ts";
import type { Did, EnvelopeId } from "./ids.ts";
import { SIGNATURE_BYTES, type Signer, type Verifier } from "./keys.ts";
import { BATCH_ENVELOPES_MAX, ENVELOPE_BYTES_MAX } from "./limits.ts";
import { Malformed } from "./malformed.ts";
import { leafHash, rootFromPath } from "./merkle.ts";
import { HASH_BYTES, levelsOf, node, nodeHash, pathIn, sameBytes } from "./merkle-tree.ts";

/** Hashes in a path of a tree of BATCH_ENVELOPES_MAX leaves. */
const PATH_HASHES_MAX = 8;

export interface SignedEnvelope {
  readonly id: EnvelopeId;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Envelopes in the batch, and this one's place in it. */
  readonly size: number;
  readonly index: number;
  readonly path: readonly Uint8Array[];
}

const DOMAIN = new TextEncoder().encode("canswarm/v1/root\0");

const SIZE_BYTES = 4;
/** One for all messages: a native call gives an array that lies in V8's heap memory of its own. */
const message = new Uint8Array(new ArrayBuffer(DOMAIN.length + SIZE_BYTES + HASH_BYTES));
message.set(DOMAIN, 0);

/** The message that is signed for a root (S1), valid until the next is asked for. */
export const rootMessage = (size: number, root: Uint8Array): Uint8Array => {
  let at = DOMAIN.length;
  for (const shift of [24, 16, 8, 0]) message[at++] = size >>> shift;
  message.set(root, at);
  return message;
};

type Levels = ReturnType<typeof levelsOf>;

const levelsOver = (envelopes: readonly Uint8Array[]): Levels => {
  const size = envelopes.length;
  if (size < 1 || size > BATCH_ENVELOPES_MAX) {
    throw new Malformed(`a batch has 1 … ${BATCH_ENVELOPES_MAX} envelopes`);
  }
  return levelsOf(envelopes.map(leafHash));
};

const signRoot = (levels: Levels, size: number, signer: Signer): Uint8Array =>
  signer.sign(rootMessage(size, node(levels.at(-1) ?? [], 0)));

/** The signature alone, for whoever gets all of the batch and finds the paths himself. */
export const signBatch = (envelopes: readonly Uint8Array[], signer: Signer): Uint8Array =>
  signRoot(levelsOver(envelopes), envelopes.length, signer);

/** One signature for 1 … 256 envelopes, given as their bytes; `ids`: theirs, where they are known. */
export const signEnvelopes = (
  envelopes: readonly Uint8Array[],
  signer: Signer,
  ids: readonly EnvelopeId[] = [],
): SignedEnvelope[] => {
  const levels = levelsOver(envelopes);
  const signature = signRoot(levels, envelopes.length, signer);
  return envelopes.map((bytes, index) => ({
    id: ids[index] ?? cidOf(bytes),
    bytes,
    ...proofIn(levels, signature, index),
  }));
};

/** What proves one envelope of a batch. */
export type Proof = Pick<SignedEnvelope, "signature" | "size" | "index" | "path">;

const proofIn = (levels: Levels, signature: Uint8Array, index: number): Proof => ({
  signature,
  size: levels[0]?.length ?? 0,
  index,
  path: pathIn(levels, index),
});

/** Of each envelope of a batch that `signBatch` signed. */
export const proofsOf = (envelopes: readonly Uint8Array[], signature: Uint8Array): Proof[] => {
  const levels = levelsOver(envelopes);
  return envelopes.map((_, index) => proofIn(levels, signature, index));
};

export const verifySigned = (
  signed: SignedEnvelope,
  publicKey: Uint8Array,
  verifier: Verifier,
): boolean => {
  const { bytes, signature, size, index, path } = signed;
  if (size > BATCH_ENVELOPES_MAX || signature.length !== SIGNATURE_BYTES) return false;
  const root = rootFromPath(bytes, index, size, path);
  return root !== undefined && verifier.verify(publicKey, rootMessage(size, root), signature);
};

/**
 * `verifySigned` for many at once, `from[i]` being the sender of `signed[i]`: each (signature, root,
 * size, sender) is verified once, and in its tree each node is hashed once.
 */
export const verifyAll = (
  signed: readonly SignedEnvelope[],
  from: readonly Did[],
  verifier: Verifier,
): boolean[] => {
  const groups = new Map<string, Group>();
  /** Of the member before: most of a batch come one after another. */
  let last: Group | undefined;
  return signed.map((member, position) => {
    const { signature, size } = member;
    const did = from[position] ?? "";
    if (signature.length !== SIGNATURE_BYTES) return false;
    if (last === undefined || !isOf(last, member, did)) {
      const publicKey = publicKeyOf(did);
      if (publicKey === undefined) return false;
      if (!(size >= 1 && size <= BATCH_ENVELOPES_MAX)) return false;
      const name = `${hex(signature)}${size}${did}`;
      last = groups.get(name);
      if (last === undefined) {
        last = { did, publicKey, signature, size, known: new Map(), refused: new Set() };
        groups.set(name, last);
      }
    }
    return verifyMember(member, last, verifier);
  });
};

const isOf = (group: Group, { signature, size }: SignedEnvelope, did: Did): boolean =>
  group.did === did && group.size === size && sameBytes(group.signature, signature);

/** Members of one (signature, size, sender). Lives for one call, holds at most its members' nodes. */
interface Group {
  readonly did: Did;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
  readonly size: number;
  /** Nodes under the verified root, by level · BATCH_ENVELOPES_MAX + place; empty until verified. */
  readonly known: Map<number, Uint8Array>;
  /** Roots (hex) whose signature did not verify. */
  readonly refused: Set<string>;
}

const verifyMember = (member: SignedEnvelope, group: Group, verifier: Verifier): boolean => {
  const { index, path } = member;
  const { size, known, refused } = group;
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) return false;
  const places: number[] = [];
  const nodes: Uint8Array[] = [];
  let hash = leafHash(member.bytes);
  let used = 0;
  let level = 0;
  let at = index;
  for (let last = size - 1; ; at >>>= 1, last >>>= 1, level++) {
    const place = level * BATCH_ENVELOPES_MAX + at;
    const proven = known.get(place);
    if (proven !== undefined) {
      const fits = sameBytes(proven, hash) && fitsAbove(path, used, known, level, at, last);
      if (fits) places.forEach((found, i) => known.set(found, node(nodes, i)));
      return fits;
    }
    places.push(place);
    nodes.push(hash);
    if (last === 0) break;
    if (at === last && at % 2 === 0) continue;
    const sibling = path[used++];
    if (sibling === undefined || sibling.length !== HASH_BYTES) return false;
    places.push(level * BATCH_ENVELOPES_MAX + (at ^ 1));
    nodes.push(sibling);
    hash = at % 2 === 0 ? nodeHash(hash, sibling) : nodeHash(sibling, hash);
  }
  if (used !== path.length) return false;
  const name = hex(hash);
  if (refused.has(name)) return false;
  if (!verifier.verify(group.publicKey, rootMessage(size, hash), group.signature)) {
    refused.add(name);
    return false;
  }
  places.forEach((found, i) => known.set(found, node(nodes, i)));
  return true;
};

/**
 * Above a proven node every sibling on the way to the root is proven too (they stood in the path that
 * proved it), so the rest of this path must repeat them and end there (S2).
 */
const fitsAbove = (
  path: readonly Uint8Array[],
  used: number,
  known: ReadonlyMap<number, Uint8Array>,
  fromLevel: number,
  fromPlace: number,
  fromLast: number,
): boolean => {
  let next = used;
  let level = fromLevel;
  let at = fromPlace;
  for (let last = fromLast; last > 0; at >>>= 1, last >>>= 1, level++) {
    if (at === last && at % 2 === 0) continue;
    const sibling = path[next++];
    const proven = known.get(level * BATCH_ENVELOPES_MAX + (at ^ 1));
    if (sibling === undefined || proven === undefined || !sameBytes(sibling, proven)) return false;
  }
  return next === path.length;
};

/** Wire form: the DAG-CBOR array [bytes, signature, size, index, path]. */
export const encodeSigned = (signed: SignedEnvelope): Uint8Array => encode(signedValue(signed));

/** The same as a value, to be part of a larger message. */
export const signedValue = (signed: SignedEnvelope): readonly unknown[] => [
  signed.bytes,
  signed.signature,
  signed.size,
  signed.index,
  signed.path,
];

/**
 * Throws Malformed (TOO_LARGE for the envelope's size). Says nothing about the signature. What it gives
 * are views of the wire.
 */
export const decodeSigned = (wire: Uint8Array): SignedEnvelope => signedFrom(decodeShared(wire));

/** From the value of the wire form. */
export const signedFrom = (value: unknown): SignedEnvelope => {
  if (!Array.isArray(value) || value.length !== 5) {
    throw new Malformed("a signed envelope is [bytes, signature, size, index, path]");
  }
  const [bytes, signature, size, index, path]: unknown[] = value;
  if (!(bytes instanceof Uint8Array)) throw new Malformed("0: the envelope's bytes");
  if (bytes.length > ENVELOPE_BYTES_MAX) {
    throw new Malformed(`an envelope has at most ${ENVELOPE_BYTES_MAX} bytes`, "TOO_LARGE");
  }
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
    throw new Malformed("1: a signature of 64 bytes");
  }
  if (!isWithin(size, 1, BATCH_ENVELOPES_MAX)) throw new Malformed("2: a size of 1 … 256");
  if (!isWithin(index, 0, size - 1)) throw new Malformed("3: an index below the size");
  if (!Array.isArray(path) || path.length > PATH_HASHES_MAX) throw new Malformed("4: a path");
  for (const hash of path as readonly unknown[]) {
    if (!(hash instanceof Uint8Array) || hash.length !== HASH_BYTES) {
      throw new Malformed("4: a hash of 32 bytes");
    }
  }
  return { id: cidOf(bytes), bytes, signature, size, index, path: path as Uint8Array[] };
};

const isWithin = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
