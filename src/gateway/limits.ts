/** Every bound of the gateway, each with its unit. */

/** Bytes of a JSON body. */
export const BODY_BYTES_MAX = 64 * 1024;
/** Bytes of a body of envelopes: 16 of the largest. */
export const ENVELOPES_BYTES_MAX = 1024 * 1024;
/** Envelopes of one request. */
export const ENVELOPES_MAX = 256;
/** A request that has not arrived whole by then is given up, ms. */
export const REQUEST_MS_MAX = 10_000;
/** Looks at late requests in that time. */
export const LATE_CHECKS = 10;
/** An answer of the swarm is waited for so long, ms; then the need's id is told with 202. */
export const RECEIPT_MS_MAX = 10_000;
/** Bytes of a request's line and headers. */
export const HEAD_BYTES_MAX = 16 * 1024;
/** Connections at a time; beyond, one that asks for nothing gives way, or 429. */
export const CONNECTIONS_MAX = 1_024;
/** Who is refused before there is a request has so long to read why, ms. */
export const LINGER_MS = 500;
/**
 * Needs of all accounts that are open at a time; beyond, 429. Twice what a batch has open: what many post in
 * the first seconds, while code is still being compiled, waits here and is not turned away.
 */
export const OPEN_NEEDS_MAX = 1_024;
/**
 * How many may be open before the first of them has ended. More than a requester of a batch begins with:
 * many ask a supervisor at once, and whom it turns away may go elsewhere. As many as are accepted in the
 * first second: the first end comes late in it, after the window and with code that is not compiled yet.
 */
export const OPEN_NEEDS_START = 384;
/** More that may be open after each end; the rate that is measured bounds it too (agent/pace.ts). */
export const OPEN_NEEDS_GROWTH = 16;
/** Seconds that a 429 asks to wait. */
export const RETRY_AFTER_S = 1;
/** Needs that an account may post in a second, over some time; and at once. */
export const ACCOUNT_NEEDS_PER_S = 2_000;
export const ACCOUNT_NEEDS_BURST = 4_000;
/** Envelopes that an agent may send in a second, over some time; and at once. */
export const AGENT_ENVELOPES_PER_S = 500;
export const AGENT_ENVELOPES_BURST = 2_000;
/** Each refusal of the swarm costs an agent as much as so many envelopes: junk soon has no room. */
export const REFUSAL_COST = 20;
/** The same for one not acknowledged under its session yet: it has to say REGISTER, no more. */
export const STRANGER_ENVELOPES_PER_S = 8;
export const STRANGER_ENVELOPES_BURST = 64;
/** Names of accounts. */
export const ACCOUNTS_MAX = 1_000;
/** Streams of events at a time, of needs and of agents. */
export const STREAMS_MAX = 512;
/** What may wait in one stream for a slow reader, bytes; beyond, it is closed and may resume. */
export const STREAM_BYTES_MAX = 4 * 1024 * 1024;
/** A reader that takes nothing of what waits for it for so long is cut off and may resume, ms. */
export const STREAM_STALL_MS_MAX = 30_000;
/** A need's log is looked at this often while somebody follows it, ms. */
export const FOLLOW_MS = 100;
/** Records read at a time. */
export const READ_RECORDS = 256;
/** The same of a need that has ended: most lives are no longer. All that is read is checked and decoded. */
export const LIFE_RECORDS = 24;
/** A joined agent is asked for a sign of life this often, ms. */
export const PROBE_MS = 5_000;
/** Without an answer for so long its listing ends and its stream is closed, ms. */
export const LISTING_MS = 20_000;
/** Ends of needs that are kept to answer quickly; the log has the others. */
export const ENDS_KEPT_MAX = 10_000;
/** Open needs are asked for this often, in case an end was told to nobody, ms. */
export const ASK_ENDS_MS = 2_000;
/** While draining, what was begun is waited for so long, ms. */
export const DRAIN_MS_MAX = 10_000;
/** Questions that an agent may ask over the bus in a second, over some time; and at once. */
export const DOOR_ASKS_PER_S = 50;
export const DOOR_ASKS_BURST = 200;
/** Bytes of blocks that have come in part, of all agents and of one. */
export const PARTS_BYTES_MAX = 64 * 1024 * 1024;
export const PARTS_BYTES_EACH_MAX = 16 * 1024 * 1024;
/** Parts whose others do not come are forgotten after so long, ms. */
export const PARTS_MS_MAX = 30_000;
/** An agent that is registered is believed to be so for this long, ms. */
export const REGISTERED_MS = 10_000;
