/** Sizes of envelopes and batches (protocol section 2). */

/** Bytes of an envelope; larger payloads travel by CID. */
export const ENVELOPE_BYTES_MAX = 65_536;
/** Envelopes under one signature. */
export const BATCH_ENVELOPES_MAX = 256;
/** CIDs an envelope may refer to. */
export const REFS_MAX = 64;
/** Units of `policy`, the digest or name of a policy bundle. */
export const POLICY_UNITS_MAX = 128;
