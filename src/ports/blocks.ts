/**
 * Content-addressed blocks: inputs and artifacts too large for an envelope.
 * Durability: `put` resolves once the block survives a power cut. `get` checks the CID before it answers.
 */
import type { Cid } from "#protocol/words.ts";

/** Bytes of one block: 8 MiB. Larger ones are refused at the door with BLOCK_TOO_LARGE. */
export const BLOCK_BYTES_MAX = 8 * 1024 * 1024;

export interface Blocks {
  /** Returns the CIDv1 (sha2-256) of the bytes under `codec`. The same bytes again are the same block. */
  put(bytes: Uint8Array, codec: "raw" | "dag-cbor"): Promise<Cid>;
  get(cid: Cid): Promise<Uint8Array | undefined>;
  has(cid: Cid): Promise<boolean>;
}

/** CIDs that one call of `cids` answers. */
export const CIDS_MAX = 1_024;

/** Blocks that can say which they are. */
export interface ListedBlocks extends Blocks {
  /** In the order of their texts, those after `after`, CIDS_MAX at most; none: that was all. */
  cids(after?: Cid): Promise<readonly Cid[]>;
}
