/**
 * Ids travel as text everywhere (envelope, log, JSON, subjects, keys), so that one id has one form;
 * see ARCHITECTURE.md, "ids are text".
 */

/** `did:key:z6Mk…`: an Ed25519 public key. */
export type Did = string;
/** CIDv1 in base32 text, `bafy…` (dag-cbor) or `bafk…` (raw). */
export type Cid = string;
/** The CID of the exact bytes of an envelope. */
export type EnvelopeId = Cid;
