/** What a COMMIT says of a program's answer. */

import { encode, Malformed } from "#envelope/canonical.ts";
import type { Cid } from "#protocol/words.ts";
import { blockOf } from "./client.ts";
import { VALUE_BYTES_MAX } from "./runner/limits.ts";
import { failed, type Failure, type Telemetry, type WorkAnswer } from "./runner/runner.ts";

/** Outputs up to this many bytes travel inside COMMIT; larger ones as a block. */
export const OUTPUT_INLINE_BYTES_MAX = 32 * 1024;
/** Bytes of telemetry: with an inline output it must fit an envelope of 64 KiB. */
export const TELEMETRY_BYTES_MAX = 16 * 1024;

export interface Commit {
  readonly artifact: Cid;
  readonly output?: unknown;
  readonly telemetry?: Telemetry;
  /** The bytes of an output that travels as a block. */
  readonly block?: Uint8Array;
}

/** What a COMMIT says of an answer, or why no COMMIT can hold it. */
export const commitOf = ({ value }: { readonly value: WorkAnswer }): Commit | Failure => {
  const { output, telemetry } = value;
  try {
    const { bytes, cid: artifact } = blockOf(output);
    if (bytes.length > VALUE_BYTES_MAX) return failed("TOO_LARGE", "its output is above 8 MiB");
    if (telemetry !== undefined && encode(telemetry).length > TELEMETRY_BYTES_MAX)
      return failed("TOO_LARGE", "its telemetry is above 16 KiB");
    return {
      artifact,
      ...(bytes.length <= OUTPUT_INLINE_BYTES_MAX ? { output } : { block: bytes }),
      ...(telemetry === undefined ? {} : { telemetry }),
    };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return failed("RUBBISH", `its answer cannot be encoded: ${error.message}`);
  }
};
