/**
 * Canonical bytes: DAG-CBOR with exactly one encoding per value.
 *
 * Owns the mapping between plain values and bytes. Ids travel as text, so tag 42 (links) is refused
 * like every other tag.
 *
 * C1  `decode(b)` succeeds only if `encode(decode(b))` is b, byte for byte; no re-encoding is done to
 *     know it: each rule is checked where the byte is read.
 * C2  Map keys are text, each once, shorter first, then by bytes.
 * C3  Integers have their shortest head, 0 … 2^63 − 1 or −(2^53 − 1) … −1; those outside of
 *     JavaScript's safe range are bigint, all others number.
 * C4  A float is 64 bits wide, finite, and never a value that C3 writes as an integer.
 *
 * `@ipld/dag-cbor` is the twin in the tests. It is not used here because it accepts unordered keys,
 * short floats and broken UTF-8, and takes about twice as long.
 */

import { Reader } from "./canonical-reader.ts";
import { write } from "./canonical-writer.ts";

export { DEPTH_MAX, INTEGER_MAX } from "./canonical-writer.ts";
export { Malformed } from "./malformed.ts";

/**
 * The canonical bytes of a plain value: null, boolean, finite number, bigint, text, Uint8Array, array,
 * object without prototype of its own. Fields that are `undefined` are left out. Throws Malformed.
 */
export const encode = (value: unknown): Uint8Array => write(value);

/** The value of canonical bytes; throws Malformed for anything that `encode` would not have written. */
export const decode = (bytes: Uint8Array): unknown => new Reader(bytes).whole();

/** The same; its byte strings are views of `bytes`, which must not change and stay for as long as they. */
export const decodeShared = (bytes: Uint8Array): unknown => new Reader(bytes, true).whole();
