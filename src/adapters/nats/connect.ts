/**
 * A connection to NATS that is made again for ever once it has been made, and that tells whether it
 * stands. Bus and stream each have one of their own: large records never stand before small messages.
 */
import {
  connect,
  ErrorCode,
  Events,
  nkeyAuthenticator,
  type ConnectionOptions,
  type NatsConnection,
  type NatsError,
} from "nats";
import { MESSAGE_BYTES_MAX } from "#ports/bus.ts";
import { Fault } from "#ports/faults.ts";
import { isSubject } from "./subject.ts";
import { identityOf } from "./tls-identity.ts";
import { signerAuthenticator, type NkeySigner } from "./nkey.ts";

/** One attempt to reach one server, ms. */
export const CONNECT_MS = 2_000;
/** Between two attempts at the same server, ms, and at most as much again at random. */
export const RECONNECT_MS = 250;
/** A silent server is asked for a sign of life this often, ms. */
export const PING_MS = 2_000;
/** Signs of life that may be missing before the connection counts as broken: 6 s in all. */
export const PINGS_OUT_MAX = 2;
/** How long a close waits for the server to confirm what was sent, ms. */
export const CLOSE_MS = 1_000;

/** Where the certificates are, as PEM files. An empty one asks for TLS with the roots of the system. */
export interface NatsTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface NatsOptions {
  /** `host:port` or `nats://host:port` of each server. */
  readonly servers: readonly string[];
  /** How the connection is called in the servers' lists. */
  readonly name?: string;
  readonly token?: string;
  readonly user?: { readonly name: string; readonly password: string };
  /** Seed of an NKey (`SU…`); its public half is what the servers know. */
  readonly nkeySeed?: string;
  /** The same with a key of ours, which is shown to servers that ask for one. */
  readonly signer?: NkeySigner;
  readonly tls?: NatsTls;
  /** Every subject begins with it: swarms that share servers stay apart. Words joined by dots. */
  readonly prefix: string;
}

export interface Link {
  readonly nats: NatsConnection;
  /** False from when a break is noticed until there is a connection again. */
  readonly isUp: () => boolean;
  /** Of the server that was connected last. */
  readonly maxPayload: () => number;
  /** Sends what waits, as far as there is a connection, and ends. Twice is harmless. */
  readonly close: () => Promise<void>;
}

export interface LinkEvents {
  readonly up?: () => void;
  readonly down?: () => void;
  /** The server let us not publish to a subject, or not hear it. */
  readonly refused?: () => void;
}

/** Everything here goes to `tls.connect` as it is; the driver's type names only the files. */
const withIdentity = (tls: NatsTls, servers: readonly string[]): NatsTls => {
  const checked = { ...tls, checkServerIdentity: identityOf(servers) };
  return checked;
};

const connectionOptions = (options: NatsOptions): ConnectionOptions => {
  const { servers, name, token, user, nkeySeed, signer, tls } = options;
  return {
    servers: [...servers],
    ...(name === undefined ? {} : { name }),
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user: user.name, pass: user.password }),
    ...(nkeySeed === undefined
      ? {}
      : { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)) }),
    ...(signer === undefined ? {} : { authenticator: signerAuthenticator(signer) }),
    ...(tls === undefined ? {} : { tls: withIdentity(tls, servers) }),
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    reconnectJitterTLS: RECONNECT_MS,
    // A server that is set up anew may refuse us for a while; the default would give up for good.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: PINGS_OUT_MAX,
    noAsyncTraces: true,
  };
};

/** Rejects with BUS_UNREACHABLE if no server answers or lets us in: the first connection is not retried. */
export const openLink = async (options: NatsOptions, events: LinkEvents = {}): Promise<Link> => {
  if (!isSubject(options.prefix)) throw new Error(`not a prefix of subjects: ${options.prefix}`);
  let nats: NatsConnection;
  try {
    nats = await connect(connectionOptions(options));
  } catch (cause) {
    const sentence = `no NATS server of ${options.servers.join(", ")} let us in: ${reasonOf(cause)}`;
    throw new Fault("BUS_UNREACHABLE", sentence, { cause });
  }
  let isUp = true;
  // The driver forgets what the server told as soon as it tries to reach another one.
  let maxPayload = nats.info?.max_payload ?? MESSAGE_BYTES_MAX;
  const follow = async (): Promise<void> => {
    for await (const status of nats.status()) {
      if (status.type === Events.Disconnect && isUp) {
        isUp = false;
        events.down?.();
      } else if (status.type === Events.Reconnect && !isUp) {
        isUp = true;
        maxPayload = nats.info?.max_payload ?? maxPayload;
        events.up?.();
      } else if (status.type === Events.Error && status.permissionContext !== undefined) {
        events.refused?.();
      }
    }
  };
  void follow();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    if (isUp) await settledWithin(nats.flush(), CLOSE_MS);
    if (isUp) events.down?.();
    isUp = false;
    await nats.close();
  };
  return {
    nats,
    isUp: () => isUp,
    maxPayload: () => maxPayload,
    close: () => (closing ??= close()),
  };
};

/** TLS finds nobody who vouches for the certificate. */
const UNVOUCHED = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/;

/** What the driver names in a word of its own, in a sentence. */
const reasonOf = (error: unknown): string => {
  const { code = "", chainedError } = error as Partial<NatsError>;
  if (code === String(ErrorCode.ServerOptionNotAvailable))
    return "TLS is asked of it, and it has none";
  if (UNVOUCHED.test(code))
    return `no authority that is named here vouches for its certificate (${code})`;
  const text = textOf(error);
  return chainedError === undefined || text.includes(" ")
    ? text
    : `${text} (${textOf(chainedError)})`;
};

export const textOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** That it was rejected says the same as that it is late: it was not done. */
const settledWithin = async (promise: Promise<void>, timeoutMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    await Promise.race([promise.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
};
