/**
 * Calls to etcd that end: the endpoints of a cluster behind one `call`.
 *
 * N1  A call ends within CALL_MS_MAX, each try of it within TRY_MS (a log-in is a try of its own). Nothing
 *     is retried by the library.
 * N2  What is passed to `call` may be done twice, and late: every request of this folder is made so.
 * N3  One endpoint is used as long as it answers. One that fails rests for REST_MS; then another is asked.
 */

import { Etcd3, type IOptions } from "etcd3";
import { Fault } from "#ports/faults.ts";
import { failureOf, isPassing } from "./failures.ts";
import { quietenAddresses } from "./server-name.ts";

/** One try, ms. A healthy etcd answers in 1 to 20; one with a slow disk in 100. */
export const TRY_MS = 800;
/** All tries of one call, ms: longer than the election of a new leader of etcd as a rule (about 1 s). */
export const CALL_MS_MAX = 2_500;
/** An endpoint that failed is left alone for so long, ms. */
const REST_MS = 300;
/** Before everybody is asked again, ms; doubled each time. */
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 320;
/** etcd closes connections that ping it more often than every 5 s. */
const PING_MS = 6_000;
const PING_ANSWER_MS = 2_000;
const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 500;

/** Where the servers are, and how they let us in. */
export interface EtcdPlace {
  /** `http://host:port`, or `https://`; all of one kind. */
  readonly endpoints: readonly string[];
  /** PEM. */
  readonly tls?: {
    readonly ca: Uint8Array;
    readonly key?: Uint8Array;
    readonly cert?: Uint8Array;
  };
  readonly user?: { readonly name: string; readonly password: string };
}

export interface EtcdOptions extends EtcdPlace {
  /** The id of the swarm: its keys are its own. */
  readonly swarm: string;
}

export type CallOptions = NonNullable<Parameters<Etcd3["kv"]["txn"]>[1]>;
export type Streams = Pick<Etcd3, "watchClient">;

interface Endpoint {
  readonly etcd: Etcd3;
  restsUntilMs: number;
}

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;

/** Once, with whatever comes of it. */
const plain: Policy = {
  _altReturn: undefined as never,
  onSuccess: () => ({ dispose: () => {} }),
  onFailure: () => ({ dispose: () => {} }),
  execute: async (run) => run({ signal: new AbortController().signal }),
};

const optionsOf = (endpoint: string, { tls, user }: EtcdPlace): IOptions => ({
  hosts: endpoint,
  ...(tls === undefined
    ? {}
    : {
        credentials: {
          rootCertificate: Buffer.from(tls.ca),
          ...(tls.key === undefined ? {} : { privateKey: Buffer.from(tls.key) }),
          ...(tls.cert === undefined ? {} : { certChain: Buffer.from(tls.cert) }),
        },
      }),
  ...(user === undefined ? {} : { auth: { username: user.name, password: user.password } }),
  defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + TRY_MS }),
  faultHandling: { host: () => plain, global: plain },
  grpcOptions: {
    "grpc.keepalive_time_ms": PING_MS,
    "grpc.keepalive_timeout_ms": PING_ANSWER_MS,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_MS_MIN,
    "grpc.max_reconnect_backoff_ms": RECONNECT_MS_MAX,
    // A connection that no longer answers is not handed on to the next client.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
  },
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class EtcdClient {
  readonly #endpoints: readonly Endpoint[];
  #at = 0;
  #isClosed = false;

  constructor(options: EtcdPlace) {
    const { endpoints } = options;
    if (endpoints.length === 0) throw new Error("etcd: no endpoints");
    quietenAddresses(endpoints);
    this.#endpoints = endpoints.map((one) => ({
      etcd: new Etcd3(optionsOf(one, options)),
      restsUntilMs: 0,
    }));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** N1, N2. Rejects with a Fault. */
  async call<T>(run: (etcd: Etcd3, options: CallOptions) => Promise<T>): Promise<T> {
    const endMs = performance.now() + CALL_MS_MAX;
    let pauseMs = PAUSE_MS_MIN;
    for (;;) {
      if (this.#isClosed) throw new Fault("STORE_CLOSED", "the consensus store has been closed");
      const endpoint = this.#endpoint();
      const leftMs = Math.max(1, endMs - performance.now());
      try {
        return await run(endpoint.etcd, { deadline: Date.now() + Math.min(TRY_MS, leftMs) });
      } catch (cause) {
        const error = failureOf(cause);
        if (!isPassing(error)) throw error;
        this.#rests(endpoint);
        if (performance.now() + pauseMs >= endMs) throw error;
      }
      if (this.#endpoint().restsUntilMs <= performance.now()) continue;
      await sleep(pauseMs);
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
    }
  }

  /** For a stream: whoever answers at present, and how to say that it does not. */
  endpoint(): { readonly etcd: Streams; readonly failed: () => void } {
    const endpoint = this.#endpoint();
    return { etcd: endpoint.etcd, failed: () => this.#rests(endpoint) };
  }

  close(): void {
    this.#isClosed = true;
    for (const { etcd } of this.#endpoints) etcd.close();
  }

  #rests(endpoint: Endpoint): void {
    endpoint.restsUntilMs = performance.now() + REST_MS;
  }

  /** N3. Where all rest, the one that has rested longest. */
  #endpoint(): Endpoint {
    const nowMs = performance.now();
    const count = this.#endpoints.length;
    let best: { endpoint: Endpoint; at: number } | undefined;
    for (let step = 0; step < count; step += 1) {
      const at = (this.#at + step) % count;
      const endpoint = this.#endpoints[at];
      if (endpoint === undefined) continue;
      if (endpoint.restsUntilMs <= nowMs) {
        this.#at = at;
        return endpoint;
      }
      if (best === undefined || endpoint.restsUntilMs < best.endpoint.restsUntilMs)
        best = { endpoint, at };
    }
    if (best === undefined) throw new Error("etcd: no endpoints");
    this.#at = best.at;
    return best.endpoint;
  }
}
