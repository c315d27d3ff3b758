/** What every Blocks checks at its door, in whichever thread the caller is. */
import { cidOf, codecOf, isCid, type Codec } from "#envelope/cid.ts";
import type { Cid } from "#envelope/ids.ts";
import { BLOCK_BYTES_MAX } from "./blocks.ts";
import { Fault } from "./faults.ts";

/** The CID of a block that fits. Refuses with BLOCK_TOO_LARGE. */
export const cidOfBlock = (bytes: Uint8Array, codec: Codec): Cid => {
  if (bytes.byteLength > BLOCK_BYTES_MAX) {
    throw new Fault("BLOCK_TOO_LARGE", `${bytes.byteLength} bytes are too many for one block`);
  }
  return cidOf(bytes, codec);
};

/** The bytes, or a throw of BLOCK_CORRUPT if they are not what the CID names. */
export const checkedBlock = (cid: Cid, bytes: Uint8Array): Uint8Array => {
  if (isCid(cid) && cidOf(bytes, codecOf(cid)) === cid) return bytes;
  throw new Fault("BLOCK_CORRUPT", `the stored bytes are not those of ${cid}`);
};
