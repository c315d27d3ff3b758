/** What the gateway asks of the swarm that it stands before; whoever runs one gives it (cli/swarm). */

import type { Signer } from "#envelope/keys.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import type { Store } from "#ports/store.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { LabelAttestation, NeedBody } from "#protocol/bodies.ts";
import type { Credits, Did, NeedId } from "#protocol/words.ts";
import type { HostCounts } from "#runtime/threads/protocol.ts";

export interface Welcome {
  /** Labels that the operator attests of the newcomer, to be quoted in its REGISTER. */
  readonly attestations: readonly LabelAttestation[];
  /** What it was granted, to stake of it what its role takes. */
  readonly credits: Credits;
  readonly stake: Credits;
}

/** What the operator may give an agent beside the usual; absent: its name as org, the usual grant. */
export interface WelcomeWishes {
  readonly org?: string | undefined;
  readonly asn?: string | undefined;
  readonly region?: string | undefined;
  readonly model?: string | undefined;
  readonly credits?: Credits | undefined;
  readonly stake?: Credits | undefined;
}

/** What a supervisor compared last of what must agree. */
export interface Reconciling {
  /** Wall time, ms since 1970. */
  readonly atMs: number;
  readonly needs: number;
  readonly holds: number;
  /** In sentences; some of them, where they are many. */
  readonly findings: readonly string[];
  readonly findingsCount: number;
  /** Absent: it was done to the end. */
  readonly failure?: string;
}

/** What a supervisor of a cluster tells of it and of its servers. */
export interface ClusterFigures {
  readonly bucketsLed: number;
  /** Since the last keep-alive that etcd has answered; undefined: it leads nothing, or has not joined. */
  readonly keepAliveAgeMs: number | undefined;
  /** Of this process's connection: what it counted since the start. */
  readonly nats: {
    readonly isConnected: boolean;
    readonly dropped: number;
    readonly thrown: number;
    readonly refused: number;
  };
  /** Of the servers that told it when they were asked last. */
  readonly etcd: readonly {
    readonly endpoint: string;
    readonly databaseBytes: number;
    readonly quotaBytes: number;
  }[];
  /** The same of NATS; `bytesMax` is undefined where a stream has no limit of its own. */
  readonly streams: readonly {
    readonly stream: string;
    readonly bytes: number;
    readonly bytesMax: number | undefined;
  }[];
}

/** A need that waits for its bucket. */
export interface Held {
  readonly need: NeedId;
  readonly requester: Did;
  readonly body: NeedBody;
}

/** What a machine of a cluster knows and can say while its bucket leaders are silent (foretelling.ts). */
export interface Foreteller {
  /** The consensus store does not answer it, so that nothing can be decided here; and it can tell others. */
  isCutOff(): boolean;
  /** Tells those who could bid, as far as they are known here. Nobody answers; it never rejects. */
  tell(held: Held): Promise<void>;
}

export interface GatewaySwarm {
  readonly swarm: string;
  readonly policy: string;
  readonly operator: Did;
  readonly clock: Clock;
  readonly store: Pick<Store & Blocks, "head" | "read" | "get" | "put">;
  /** A connection of its own to every bucket. */
  link(): SwarmLink;
  /** Of the bucket's leader; undefined where nobody leads it here. */
  query<T>(bucket: number, name: string, argument?: unknown): Promise<T | undefined>;
  /** Of the hosts of this process: what each has counted since its thread began. */
  counts(): Promise<readonly HostCounts[]>;
  /** Undefined: it is alone. Answers soon, whatever the servers do. */
  readonly cluster: (() => Promise<ClusterFigures>) | undefined;
  /** Undefined: it leads nothing, or is alone and cut off from nobody. */
  readonly foreteller: Foreteller | undefined;
  /** Undefined: nothing has been compared yet. */
  reconciled(): Reconciling | undefined;
  /** The account of this name: its key, registered, granted `credits` once. Asked again it is the same. */
  openAccount(name: string, credits: Credits): Promise<Signer>;
  /** Grants once per `key`. */
  grant(to: Did, credits: Credits, key: string): Promise<void>;
  /**
   * An agent that lives elsewhere, with a key of its own. Granted once per did. Refuses with BODY_INVALID
   * what cannot be given.
   */
  welcome(
    did: Did,
    name: string,
    role: "worker" | "verifier" | "both",
    wishes: WelcomeWishes,
  ): Promise<Welcome>;
}
