/** Requests to a supervisor's HTTP door, with its errors as values that say what to do. */

import { encode } from "#envelope/canonical.ts";

/** One request and its answer, streams left out, ms. */
export const REQUEST_MS_MAX = 30_000;
/** Bytes of an answer: the largest block, and room around it as JSON. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** What is found out on this side; everything else keeps the code that the supervisor told. */
export const API_ERRORS = {
  SWARM_UNREACHABLE: {
    text: "no supervisor answers at {url} ({reason})",
    remedy:
      "start one with `canswarm up`, or name its address, and with --nats the cluster's name too",
  },
  NOT_WELCOME: {
    text: "this swarm does not know {did} yet",
    remedy:
      "have its operator run `canswarm welcome {did} --name {name} --role {role}`, and pass what that prints with --welcome FILE",
  },
  MANIFEST_DIFFERS: {
    text: "{did} is registered already, as {registered}, and not as {wanted}",
    remedy:
      "have the operator run `canswarm welcome {did} --name {name} --role {role}` and pass what that prints with --welcome, or take another name",
  },
  WELCOME_FOREIGN: {
    text: "the welcome is of the swarm {theirs}, and this is {ours}",
    remedy: "ask the operator of this swarm for one",
  },
  PROGRAM_FAILED: {
    text: "the agent's program did not start: {reason}",
    remedy: "start it by itself and see what it says",
  },
  ENTRY_REFUSED: {
    text: "the swarm refused {verb}: {code} {detail}",
    remedy: "docs/protocol/refusals.md says what to do about {code}",
  },
} as const;

/** What a supervisor refused, or that none answered (`code` SWARM_UNREACHABLE, `status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  /** Of a 429 or 503, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    told: { readonly code: string; readonly message: string; readonly remedy: string },
    status: number,
    retryAfterMs?: number,
  ) {
    super(told.message);
    this.name = "ApiError";
    [this.code, this.remedy, this.status] = [told.code, told.remedy, status];
    this.retryAfterMs = retryAfterMs;
  }

  /** The same request may do better later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

interface Sent {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly json?: unknown;
  readonly cbor?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const SECOND_MS = 1_000;

export class Api {
  readonly url: string;
  readonly #token: string | undefined;

  /** `token` goes with every request that sends no header of its own. */
  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.#answered({ method: "GET", path })).json()) as T;
  }

  async post<T>(path: string, json: unknown, headers?: Sent["headers"]): Promise<T> {
    const sent = { method: "POST", path, json, ...(headers === undefined ? {} : { headers }) };
    return (await (await this.#answered(sent as Sent)).json()) as T;
  }

  /** A list of byte strings as canonical DAG-CBOR. */
  async postBytes(
    path: string,
    list: readonly Uint8Array[],
    headers: Record<string, string>,
  ): Promise<void> {
    await this.#answered({ method: "POST", path, cbor: encode(list), headers });
  }

  async putBytes<T>(path: string, cbor: Uint8Array, headers: Record<string, string>): Promise<T> {
    return (await (await this.#answered({ method: "PUT", path, cbor, headers })).json()) as T;
  }

  /** Undefined where there is nothing. */
  async getBytes(path: string): Promise<Uint8Array | undefined> {
    try {
      const answer = await this.#answered({ method: "GET", path });
      return new Uint8Array(await answer.arrayBuffer());
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** A stream of server-sent events; it lasts until its signal fires. */
  stream(
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    return this.#answered({ method: "GET", path, headers, signal }).then(({ body }) => {
      if (body === null) throw unreachable(this.url, "the stream has no body");
      return body as ReadableStream<Uint8Array>;
    });
  }

  async #answered({ method, path, json, cbor, headers, signal }: Sent): Promise<Response> {
    const body = json === undefined ? cbor : JSON.stringify(json);
    const type = json === undefined ? "application/cbor" : "application/json";
    let answer: Response;
    try {
      answer = await fetch(`${this.url}${path}`, {
        method,
        redirect: "error",
        signal: signal ?? AbortSignal.timeout(REQUEST_MS_MAX),
        headers: {
          ...(body === undefined ? {} : { "content-type": type }),
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      throw unreachable(this.url, causeOf(error));
    }
    if (answer.ok) return answer;
    throw await refused(answer);
  }
}

const causeOf = (error: unknown): string => {
  const { message, cause } = error as Error & { readonly cause?: Error & { code?: string } };
  return cause?.code ?? cause?.message ?? message;
};

/** An error of this side, its places filled. */
export const apiError = (
  code: keyof typeof API_ERRORS,
  values: Readonly<Record<string, string>>,
): ApiError => {
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "").trim();
  const { text, remedy } = API_ERRORS[code];
  return new ApiError({ code, message: fill(text), remedy: fill(remedy) }, 0);
};

const unreachable = (url: string, reason: string): ApiError =>
  apiError("SWARM_UNREACHABLE", { url, reason });

const refused = async (answer: Response): Promise<ApiError> => {
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * SECOND_MS : undefined;
  const text = await answer.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as {
      error: { code: string; message: string; remedy: string };
    };
    return new ApiError(error, answer.status, retryAfterMs);
  } catch {
    const message = `the answer is ${answer.status} and none of a supervisor`;
    const remedy = "check the address: something else may listen there";
    return new ApiError(
      { code: "SWARM_UNREACHABLE", message, remedy },
      answer.status,
      retryAfterMs,
    );
  }
};
