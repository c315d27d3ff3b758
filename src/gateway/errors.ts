/**
 * What the HTTP gateway refuses: code, status, sentence, remedy. A refusal of the swarm itself keeps the
 * code of protocol/refusals.ts and gets the status that `statusOf` says.
 */

import { REFUSALS, type RefusalCode } from "#protocol/refusals.ts";
import { RETRY_AFTER_S } from "./limits.ts";

interface GatewaySpec {
  readonly status: number;
  readonly text: string;
  readonly remedy: string;
}

export const GATEWAY_ERRORS = {
  BODY_INVALID: {
    status: 400,
    text: "the body is not what this path takes: {reason}",
    remedy: "see /openapi.json for its fields",
  },
  NOT_A_NEED: {
    status: 422,
    text: "the envelope is a {verb}, and this path takes a NEED",
    remedy: "send other verbs with POST /v1/envelopes, under the session of their sender",
  },
  BODY_TOO_LARGE: {
    status: 413,
    text: "the body is above {limit} bytes",
    remedy: "put large inputs as blocks (PUT /v1/blocks) and name their CID",
  },
  REQUEST_INVALID: {
    status: 400,
    text: "this is no HTTP request: {reason}",
    remedy: "send HTTP/1.1 without encryption, or put a proxy that speaks TLS before it",
  },
  REQUEST_LATE: {
    status: 408,
    text: "the request has not arrived whole within {limit} ms",
    remedy: "send it again at once; put large inputs as blocks (PUT /v1/blocks)",
  },
  HEAD_TOO_LARGE: {
    status: 431,
    text: "the request's line and headers are above {limit} bytes",
    remedy: "send fewer or shorter headers; what is long belongs in the body",
  },
  TOKEN_MISSING: {
    status: 401,
    text: "this path takes a token",
    remedy:
      "send `Authorization: Bearer …`; the operator's is in the file `token` of the data folder",
  },
  TOKEN_UNKNOWN: {
    status: 401,
    text: "nobody was given this token",
    remedy: "ask the operator for an account",
  },
  NOT_ALLOWED: {
    status: 403,
    text: "this token may not do that: {reason}",
    remedy: "use the operator's token, or the account's own",
  },
  SIGNATURE_INVALID: {
    status: 401,
    text: "the request is not signed by the agent that it names: {reason}",
    remedy: "sign as docs/agents/joining.md says, with a clock that is right to a minute",
  },
  PATH_UNKNOWN: {
    status: 404,
    text: "nothing answers {method} at {path}",
    remedy: "see /openapi.json for the paths",
  },
  NEED_NOT_FOUND: {
    status: 404,
    text: "there is no need {need}",
    remedy: "check the id that POST /v1/needs answered",
  },
  ACCOUNT_UNKNOWN: {
    status: 404,
    text: "there is no account {account}",
    remedy: "open it with POST /v1/accounts",
  },
  BLOCK_UNKNOWN: {
    status: 404,
    text: "there is no block {cid}",
    remedy: "put it first, with PUT /v1/blocks",
  },
  ACCOUNT_EXISTS: {
    status: 409,
    text: "the account {account} is open already",
    remedy: "use the token that it was given, or open another name",
  },
  ACCOUNTS_FULL: {
    status: 409,
    text: "{limit} accounts are open, and no more may be",
    remedy: "post through an account that is open",
  },
  KEY_DIFFERS: {
    status: 409,
    text: "the key {key} was used for another need",
    remedy: "use a new key for new work; the same key asks for the same need again",
  },
  BUSY: {
    status: 429,
    text: "too much at a time: {reason}",
    remedy: "wait as long as Retry-After says and send the same request again",
  },
  DRAINING: {
    status: 503,
    text: "this supervisor is being stopped",
    remedy: "send the same request again when it is back; keys make that safe",
  },
} as const satisfies Record<string, GatewaySpec>;

export type GatewayCode = keyof typeof GATEWAY_ERRORS;

export interface ErrorShown {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

export class GatewayError extends Error {
  readonly status: number;
  readonly shown: ErrorShown;

  constructor(code: GatewayCode, values: Readonly<Record<string, string | number>> = {}) {
    const { status, text, remedy } = GATEWAY_ERRORS[code];
    const message = text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
    // A flood is refused thousands of times a second: where that is said interests nobody, and costs most.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.status = status;
    this.shown = { error: { code, message, remedy } };
  }

  get headers(): Readonly<Record<string, string>> {
    return this.status === 429 || this.status === 503
      ? { "retry-after": String(RETRY_AFTER_S) }
      : {};
  }
}

const STATUSES: Partial<Record<RefusalCode, number>> = {
  MAILBOX_FULL: 429,
  INSUFFICIENT_FUNDS: 402,
  KEY_REUSED: 409,
  ALREADY_ANSWERED: 409,
  UNKNOWN_THREAD: 404,
  NOT_REGISTERED: 403,
  SIGNATURE_INVALID: 401,
};

/** The status of a refusal of the swarm: 4xx, for it is about what was said. */
export const statusOf = (code: RefusalCode): number => STATUSES[code] ?? 422;

export const refusalShown = (code: RefusalCode, detail?: string): ErrorShown => {
  const { text, remedy } = REFUSALS[code];
  return { error: { code, message: detail === undefined ? text : `${text}: ${detail}`, remedy } };
};
