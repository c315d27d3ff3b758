/** Limits on what bodies may hold. Each keeps an entry far below the envelope's 64 KiB. */

/** Milliseconds in a day. */
const DAY_MS = 86_400_000;

/** Units of a capability's name. */
export const CAPABILITY_UNITS_MAX = 64;
/** Units of a requester's key of a need or a transfer. */
export const KEY_UNITS_MAX = 128;
/** Units of an agent's name. */
export const NAME_UNITS_MAX = 64;
/** Capabilities in one manifest. */
export const CAPABILITIES_MAX = 64;
/** Endpoints in one manifest, and units of each. */
export const ENDPOINTS_MAX = 8;
export const ENDPOINT_UNITS_MAX = 256;
/** Attested labels of one agent: two for each kind of label. */
export const ATTESTATIONS_MAX = 8;
/** Units of a label's value; a did has 56. */
export const LABEL_UNITS_MAX = 128;
/** Largest limit on commitments in a minute: more than a swarm takes from all. */
export const PER_MINUTE_MAX = 1_000_000;
/** Units of a reason that people read. */
export const REASON_UNITS_MAX = 1_024;
/** Units of a thread's name: `acct:` and a did are 61. */
export const THREAD_UNITS_MAX = 128;
/** Bytes that a signature, its place in a batch and the wire form add to an envelope: 8 hashes at most. */
export const SIGNED_MORE_BYTES_MAX = 512;
/** Units of a digest or a name of a policy, of code, of machines. */
export const DIGEST_UNITS_MAX = 128;

/** Attempts of one need: awards and failures at their largest, with room. */
export const ATTEMPTS_MAX = 64;
/** Re-awards and failures a need may allow itself (defaults 8 and 3, protocol section 4). */
export const AWARDS_MAX = 32;
export const FAILURES_MAX = 16;
/** Verdicts that must agree: 1 … 5 (protocol section 5). */
export const QUORUM_MAX = 5;
/** Seats of one draw: 2K − 1 with K + 2 = 7 after an upheld challenge is 13. */
export const SEATS_MAX = 16;
/** Seat numbers of one question, over the first draw and two redraws. */
export const SEAT_NUMBERS_MAX = 64;
/** Draws of one question: the first and its redraws. */
export const ROUNDS_MAX = 16;
/** Candidates that one need may put to a plan vote at most (default 10, protocol section 4). */
export const CANDIDATES_MAX = 1_024;
/** Milliseconds from funding until COMMIT, and of an eta or an asked lease: 30 days. */
export const DEADLINE_MS_MAX = 30 * DAY_MS;

/** Operations of one patch, and units of a task's name and of an operation's text. */
export const PLAN_OPS_MAX = 64;
export const TASK_UNITS_MAX = 64;
export const PLAN_TEXT_UNITS_MAX = 512;

/** Bids of one RANKING: 256 rows of about 170 bytes fit an envelope. */
export const RANKED_BIDS_MAX = 256;
/** Agents a DRAW names as skipped: 512 dids fit an envelope. */
export const SKIPPED_MAX = 512;
/** Envelopes quoted as votes by an entry that ends an attempt, and postings it lists. */
export const VOTES_MAX = 64;
export const POSTINGS_MAX = 256;
/** Units of a posting's account and of its reason. */
export const POSTING_UNITS_MAX = 128;

/** Bytes of salts, preimages, secrets and digests. */
export const SALT_BYTES = 32;
/** Bytes of a draw's s: 32 as an HMAC, up to 128 as a VRF's proof. */
export const DRAW_PROOF_BYTES_MAX = 128;
