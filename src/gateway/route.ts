/** One path of the API: what OpenAPI says of it, and what it does. The same table serves both. */

import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { bodyInvalid } from "./need-body.ts";
import type { Watch } from "./live/watch.ts";
import type { JoinedAgents } from "./joined-agents.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Needs } from "./needs.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { GatewaySwarm } from "./swarm.ts";
import type { Caller, Tokens } from "./tokens.ts";

/** What every handler may use. */
export interface Gateway {
  readonly swarm: GatewaySwarm;
  readonly tokens: Tokens;
  readonly needs: Needs;
  readonly agents: JoinedAgents;
  readonly metrics: GatewayMetrics;
  readonly watch: Watch;
  readonly accountRate: RateLimit;
  /** Agents that run inside this process are always here. */
  readonly hired: ReadonlySet<string>;
  readonly isDraining: () => boolean;
}

/** Content types of a body that is not JSON. */
export const BYTES_TYPES = [
  "application/cbor",
  "application/vnd.ipld.dag-cbor",
  "application/octet-stream",
];

export type Auth =
  | "none"
  /** Any account's token, or the operator's. */
  | "account"
  | "operator"
  /** A session, or a signature: the handler checks it. */
  | "agent";

export interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of the path, by its names. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Undefined where the route takes no token. */
  readonly caller: Caller | undefined;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT";
  /** As OpenAPI writes it: `/v1/needs/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly auth: Auth;
  readonly body?: { readonly schema: z.ZodType; readonly bytesMax?: number };
  /** Bytes instead of JSON; beside `body`: either. */
  readonly bytes?: { readonly what: string; readonly bytesMax: number };
  readonly answers: Readonly<Record<number, string>>;
  /** What it returns is sent as JSON; undefined: it has answered itself. */
  readonly handle: (gateway: Gateway, asked: Asked) => Promise<unknown>;
}

/** Throws GatewayError BODY_INVALID. */
export const parsed = <T>(schema: z.ZodType<T>, body: unknown): T => {
  const result = schema.safeParse(body);
  if (!result.success) throw bodyInvalid(result.error);
  return result.data;
};

export const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
};
