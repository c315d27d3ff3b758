/**
 * A gateway on a free port before a swarm that only remembers: what was passed on is looked at, and what
 * the swarm says is said by the test. Its clock is the real one; nothing in here waits on it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "#envelope/cid.ts";
import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { GatewayServer } from "#gateway/server.ts";
import type { ClusterFigures, Foreteller, GatewaySwarm } from "#gateway/swarm.ts";
import type { Clock } from "#ports/clock.ts";
import type { LinkEvents, SwarmLink } from "#ports/swarm-link.ts";
import type { Receipt } from "#protocol/notices.ts";
import { NO_STATS } from "#runtime/host/environment.ts";
import { SimBlocks } from "#sim/world/blocks.ts";

export const SWARM = "test.0123456789abcdef";
export const POLICY = "policy";

export const signerOf = (name: string): Signer =>
  signerFromSeed(sha256(new TextEncoder().encode(name)));

/** The far side of every link. */
export class Exchange {
  readonly sent: Uint8Array[] = [];
  readonly attached = new Map<string, LinkEvents>();
  /** What the swarm says to an envelope; undefined: nothing. */
  answer: (envelope: string, verb: string) => Receipt | undefined = (envelope) => ({
    kind: "ack",
    envelope,
    bucket: 0,
    seq: 1,
    head: "",
  });

  link(): SwarmLink {
    return {
      attach: (agent, events) => void this.attached.set(agent, events),
      detach: (agent) => void this.attached.delete(agent),
      send: (_thread, wire) => {
        this.sent.push(wire);
        const { id, bytes } = decodeSigned(wire);
        const { verb, from } = decodeEnvelope(bytes);
        const receipt = this.answer(id, verb);
        if (receipt !== undefined) queueMicrotask(() => this.attached.get(from)?.receipt(receipt));
      },
    };
  }

  verbs(): readonly string[] {
    return this.sent.map((wire) => decodeEnvelope(decodeSigned(wire).bytes).verb);
  }
}

export interface Rig {
  readonly url: string;
  readonly token: string;
  readonly exchange: Exchange;
  readonly server: GatewayServer;
  readonly errors: unknown[];
  /** Answers of `query`, by its name. */
  readonly answers: Map<string, unknown>;
  readonly stop: () => Promise<void>;
}

export interface RigOptions {
  readonly clock?: Clock;
  readonly port?: number;
  /** Of an earlier rig: its tokens stay. */
  readonly dir?: string;
  readonly requestMsMax?: number;
  /** Absent: the swarm is alone. */
  readonly cluster?: () => Promise<ClusterFigures>;
  readonly foreteller?: Foreteller;
  /** Of every bucket's log; it may grow. */
  readonly records?: readonly Uint8Array[];
}

export const gatewayRig = async (options: RigOptions = {}): Promise<Rig> => {
  const { clock = systemClock(), port = 0, records = [] } = options;
  const exchange = new Exchange();
  const blocks = new SimBlocks().open();
  const answers = new Map<string, unknown>();
  const operator = signerOf("operator");
  const swarm: GatewaySwarm = {
    swarm: SWARM,
    policy: POLICY,
    operator: operator.did,
    clock,
    store: {
      head: async () => ({ records: records.length }) as never,
      read: async (_bucket, from, limit) => records.slice(from, from + limit),
      get: (cid) => blocks.get(cid),
      put: (bytes, codec) => blocks.put(bytes, codec),
    },
    link: () => exchange.link(),
    query: async <T>(_bucket: number, name: string) => answers.get(name) as T | undefined,
    counts: async () => [
      { ...NO_STATS, rejected: 3, waiting: 1, unconfirmed: 2 },
      { ...NO_STATS, rejected: 4, waiting: 0, unconfirmed: 3 },
    ],
    cluster: options.cluster,
    foreteller: options.foreteller,
    reconciled: () => undefined,
    openAccount: async (name) => signerOf(name),
    grant: async () => undefined,
    welcome: async () => ({ attestations: [], credits: 5_000_000n, stake: 0n }),
  };
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "canswarm-gateway-"));
  const errors: unknown[] = [];
  const server = await GatewayServer.listen({
    swarm,
    dir,
    host: "127.0.0.1",
    port,
    hired: [],
    ...(options.requestMsMax === undefined ? {} : { requestMsMax: options.requestMsMax }),
    onError: (error) => errors.push(error),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    token: server.operatorToken,
    exchange,
    server,
    errors,
    answers,
    stop: async () => {
      await server.drain();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

const LOOK_EVERY_MS = 2;

/** Looks again and again; vitest's own limit ends a wait that never does. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise<void>((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
};
