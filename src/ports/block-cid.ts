/** The CID of a block: CIDv1, sha2-256, base32 text. */
import { hash } from "node:crypto";
import { base32 } from "multiformats/bases/base32";
import type { Cid } from "#envelope/ids.ts";
import { BLOCK_BYTES_MAX } from "./blocks.ts";
import { Fault } from "./faults.ts";

export type Codec = "raw" | "dag-cbor";

/** Multicodec table: raw 0x55, dag-cbor 0x71. */
const CODES = { raw: 0x55, "dag-cbor": 0x71 } as const satisfies Record<Codec, number>;
const SHA2_256 = 0x12;
const SHA2_256_BYTES = 32;

export const cidOfBlock = (bytes: Uint8Array, codec: Codec): Cid => {
  const header = [1, CODES[codec], SHA2_256, SHA2_256_BYTES];
  return base32.encode(Uint8Array.from([...header, ...hash("sha256", bytes, "buffer")]));
};

/** Refuses with BLOCK_TOO_LARGE. */
export const assertBlockFits = (bytes: Uint8Array): void => {
  if (bytes.byteLength <= BLOCK_BYTES_MAX) return;
  throw new Fault("BLOCK_TOO_LARGE", `${bytes.byteLength} bytes are too many for one block`);
};

/** The bytes, or a throw of BLOCK_CORRUPT if they are not what the CID names. */
export const checkedBlock = (cid: Cid, bytes: Uint8Array): Uint8Array => {
  if (cidOfBlock(bytes, "raw") === cid || cidOfBlock(bytes, "dag-cbor") === cid) return bytes;
  throw new Fault("BLOCK_CORRUPT", `the stored bytes are not those of ${cid}`);
};
