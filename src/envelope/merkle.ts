/**
 * RFC 6962 Merkle trees over sha2-256: roots, inclusion paths, consistency proofs, and a growing log.
 * Leaf = H(00 ‖ data), node = H(01 ‖ left ‖ right).
 *
 * R1  Two lists of leaves have the same root only if they are the same list (collision resistance; the
 *     prefixes keep a leaf from passing as a node).
 * R2  A path is accepted only with exactly the length that (index, size) demands.
 * R3  The log's root after n appends is the root of the tree over the n leaves.
 */

import { Malformed } from "./malformed.ts";
import {
  EMPTY_ROOT,
  HASH_BYTES,
  leafHash,
  levelsOf,
  node,
  nodeHash,
  pathIn,
  sameBytes,
} from "./merkle-tree.ts";

export { leafHash } from "./merkle-tree.ts";

/** The root over the data of all leaves; of none: H(""). */
export const rootOf = (leaves: readonly Uint8Array[]): Uint8Array =>
  leaves.length === 0 ? EMPTY_ROOT : node(levelsOf(leaves.map(leafHash)).at(-1) ?? [], 0);

/** Audit path (RFC 6962 section 2.1.1) of the leaf at `index` of these leaves. */
export const inclusionPath = (leaves: readonly Uint8Array[], index: number): Uint8Array[] => {
  if (!(index >= 0 && index < leaves.length)) throw new Malformed("no leaf has this index");
  return pathIn(levelsOf(leaves.map(leafHash)), index);
};

/**
 * The root that a path leads to from the data of a leaf, or undefined if the path does not fit
 * (index, size): R2.
 */
export const rootFromPath = (
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined => {
  if (!(Number.isSafeInteger(size) && Number.isSafeInteger(index))) return undefined;
  if (index < 0 || index >= size) return undefined;
  let hash = leafHash(leaf);
  let used = 0;
  for (let at = index, last = size - 1; last > 0; at = half(at), last = half(last)) {
    if (at === last && at % 2 === 0) continue; // an odd last node rises unchanged
    const sibling = path[used++];
    if (sibling === undefined || sibling.length !== HASH_BYTES) return undefined;
    hash = at % 2 === 0 ? nodeHash(hash, sibling) : nodeHash(sibling, hash);
  }
  return used === path.length ? hash : undefined;
};

/**
 * Consistency proof (RFC 6962 section 2.1.2): the first `oldSize` leaves are a prefix of all. Takes
 * leaf *hashes*. Empty where the sizes are equal or the old tree was empty.
 */
export const consistencyPath = (
  leafHashes: readonly Uint8Array[],
  oldSize: number,
): Uint8Array[] => {
  if (!(oldSize >= 0 && oldSize <= leafHashes.length)) throw new Malformed("no such older tree");
  if (oldSize === 0 || oldSize === leafHashes.length) return [];
  return subproof(leafHashes, oldSize, true);
};

const subproof = (
  leaves: readonly Uint8Array[],
  oldSize: number,
  complete: boolean,
): Uint8Array[] => {
  if (oldSize === leaves.length) return complete ? [] : [subroot(leaves)];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return oldSize <= split
    ? [...subproof(left, oldSize, complete), subroot(right)]
    : [...subproof(right, oldSize - split, false), subroot(left)];
};

const subroot = (leaves: readonly Uint8Array[]): Uint8Array =>
  node(levelsOf(leaves).at(-1) ?? [], 0);

/** Does the tree (newSize, newRoot) extend the tree (oldSize, oldRoot)? RFC 9162 section 2.1.4.2. */
export const verifyConsistency = (
  oldSize: number,
  oldRoot: Uint8Array,
  newSize: number,
  newRoot: Uint8Array,
  path: readonly Uint8Array[],
): boolean => {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize)) return false;
  if (oldSize < 0 || oldSize > newSize) return false;
  if (!path.every((hash) => hash.length === HASH_BYTES)) return false;
  if (oldSize === newSize) return path.length === 0 && sameBytes(oldRoot, newRoot);
  if (oldSize === 0) return path.length === 0 && sameBytes(oldRoot, EMPTY_ROOT);
  const proof = isPowerOfTwo(oldSize) ? [oldRoot, ...path] : path;
  const [start, ...rest] = proof;
  if (start === undefined) return false;
  let [at, last] = [oldSize - 1, newSize - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [old, grown] = [start, start];
  for (const hash of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [old, grown] = [nodeHash(hash, old), nodeHash(hash, grown)];
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      grown = nodeHash(grown, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && sameBytes(old, oldRoot) && sameBytes(grown, newRoot);
};

const half = (value: number): number => Math.floor(value / 2);

const isPowerOfTwo = (value: number): boolean => 2 ** Math.round(Math.log2(value)) === value;

const largestPowerBelow = (value: number): number => {
  let power = 1;
  while (power * 2 < value) power *= 2;
  return power;
};

/** Plain data of a log, for snapshots. */
export interface MerkleFrontier {
  readonly size: number;
  readonly roots: readonly Uint8Array[];
}

/**
 * A growing tree that keeps only its frontier: the roots of the perfect subtrees that the binary ones
 * of its size name, largest first. O(log n) memory, on average one hash per append.
 */
export class MerkleLog {
  private leaves: number;
  private readonly roots: Uint8Array[];

  constructor(frontier: MerkleFrontier = { size: 0, roots: [] }) {
    if (!Number.isSafeInteger(frontier.size) || frontier.size < 0) {
      throw new Malformed("a frontier's size is a count");
    }
    if (frontier.roots.length !== ones(frontier.size)) {
      throw new Malformed("a frontier has one root per binary one of its size");
    }
    this.leaves = frontier.size;
    this.roots = [...frontier.roots];
  }

  get size(): number {
    return this.leaves;
  }

  /** Takes the *hash* of the next leaf (`leafHash`). */
  append(hash: Uint8Array): void {
    let root = hash;
    for (let below = this.leaves; below % 2 === 1; below = Math.floor(below / 2)) {
      const left = this.roots.pop();
      if (left === undefined) throw new Error("merkle: the frontier lacks a root");
      root = nodeHash(left, root);
    }
    this.roots.push(root);
    this.leaves++;
  }

  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (let index = this.roots.length - 1; index >= 0; index--) {
      const left = this.roots[index];
      if (left !== undefined) root = root === undefined ? left : nodeHash(left, root);
    }
    return root ?? EMPTY_ROOT;
  }

  clone(): MerkleLog {
    return new MerkleLog(this.frontier());
  }

  frontier(): MerkleFrontier {
    return { size: this.leaves, roots: [...this.roots] };
  }
}

const ones = (size: number): number => {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
};
