/**
 * The hashes of RFC 6962 trees over sha2-256 and their levels; merkle.ts has roots and proofs.
 * A level's odd last node rises unchanged, which gives the same root as the RFC's split at the largest
 * power of two.
 */

import { sha256 } from "./cid.ts";

export const HASH_BYTES = 32;
/** The root of a tree without leaves. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

/** Leaves up to this size are prefixed in place, without an allocation: nearly all envelopes. */
const SCRATCH_BYTES = 4_097;
/** Byte 0 stays the leaf prefix 00. */
const scratch = new Uint8Array(SCRATCH_BYTES);
/** Views of it by their size, made when first needed: at most SCRATCH_BYTES of some 120 bytes. */
const prefixes = new Array<Uint8Array | undefined>(SCRATCH_BYTES + 1);
const prefixOf = (size: number): Uint8Array => (prefixes[size] ??= scratch.subarray(0, size));
const pair = new Uint8Array(1 + 2 * HASH_BYTES);
pair[0] = 1;

/** H(00 ‖ data). */
export const leafHash = (data: Uint8Array): Uint8Array => {
  const size = 1 + data.length;
  const prefixed = size <= SCRATCH_BYTES ? prefixOf(size) : new Uint8Array(size);
  prefixed.set(data, 1);
  return sha256(prefixed);
};

/** H(01 ‖ left ‖ right). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
};

/** All levels of the tree, leaf hashes first, the root alone in the last. At least one leaf. */
export const levelsOf = (leafHashes: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] => {
  const levels: (readonly Uint8Array[])[] = [leafHashes];
  let level = leafHashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const left = node(level, index);
      const right = level[index + 1];
      above.push(right === undefined ? left : nodeHash(left, right));
    }
    levels.push(above);
    level = above;
  }
  return levels;
};

/** The inclusion path of leaf `index`, nearest sibling first. */
export const pathIn = (levels: readonly (readonly Uint8Array[])[], index: number): Uint8Array[] => {
  const path: Uint8Array[] = [];
  let at = index;
  for (const level of levels) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    at >>>= 1;
  }
  return path;
};

export const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
};

/** A node that must be there; its lack is our own mistake. */
export const node = (level: readonly Uint8Array[], index: number): Uint8Array => {
  const hash = level[index];
  if (hash === undefined) throw new Error("merkle: a level lacks a node");
  return hash;
};
