/**
 * The HTTP server: routes, bodies, tokens, errors, drain. It listens on loopback unless told otherwise;
 * encryption is the affair of a proxy before it.
 */

import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { Malformed } from "#envelope/malformed.ts";
import { watchCluster } from "./cluster-metrics.ts";
import { Connections } from "./connections.ts";
import { GatewayError, type ErrorShown } from "./errors.ts";
import { JoinedAgents } from "./joined-agents.ts";
import {
  ACCOUNT_NEEDS_BURST,
  ACCOUNT_NEEDS_PER_S,
  BODY_BYTES_MAX,
  DRAIN_MS_MAX,
  HEAD_BYTES_MAX,
  LATE_CHECKS,
  REQUEST_MS_MAX,
  STREAMS_MAX,
} from "./limits.ts";
import { Watch } from "./live/watch.ts";
import { GatewayMetrics } from "./metrics.ts";
import { Needs } from "./needs.ts";
import { RateLimit } from "./rate-limit.ts";
import { BYTES_TYPES, headerOf, type Asked, type Gateway, type Route } from "./route.ts";
import { ACCOUNT_ROUTES } from "./routes/accounts.ts";
import { AGENT_ROUTES } from "./routes/agents.ts";
import { BLOCK_ROUTES } from "./routes/blocks.ts";
import { LIVE_ROUTES } from "./routes/live.ts";
import { NEED_ROUTES } from "./routes/needs.ts";
import { operationRoutes } from "./routes/operations.ts";
import type { GatewaySwarm } from "./swarm.ts";
import { Tokens } from "./tokens.ts";

export interface ServerOptions {
  readonly swarm: GatewaySwarm;
  /** Of the tokens. */
  readonly dir: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Dids of agents that run inside this process. */
  readonly hired: readonly string[];
  /** A request has to arrive whole within this time. Absent: REQUEST_MS_MAX. */
  readonly requestMsMax?: number;
  /** A mistake of ours, for the log of whoever runs it. */
  readonly onError: (error: unknown, path: string) => void;
}

export const ROUTES: readonly Route[] = [
  ...NEED_ROUTES,
  ...ACCOUNT_ROUTES,
  ...AGENT_ROUTES,
  ...BLOCK_ROUTES,
  ...LIVE_ROUTES,
  ...operationRoutes(() => ROUTES),
];

const isStream = ({ path }: Route): boolean => /\/(?:events|notices)$/.test(path);

export class GatewayServer {
  readonly #app: FastifyInstance;
  readonly #connections: Connections;
  readonly #gateway: Gateway;
  readonly #options: ServerOptions;
  #isDraining = false;
  #inFlight = 0;

  private constructor(options: ServerOptions) {
    this.#options = options;
    const { swarm, dir, hired, requestMsMax = REQUEST_MS_MAX } = options;
    const needs = new Needs(swarm);
    const agents = new JoinedAgents(swarm);
    const metrics = new GatewayMetrics();
    metrics.watch(needs, agents);
    metrics.watchHosts(() => swarm.counts());
    if (swarm.cluster !== undefined) watchCluster(metrics.registry, swarm.cluster);
    const hiredHere = new Set(hired);
    const sight = { swarm, needs, agents, hired: hiredHere };
    this.#gateway = {
      swarm,
      tokens: new Tokens(dir),
      needs,
      agents,
      metrics,
      accountRate: new RateLimit(ACCOUNT_NEEDS_PER_S, ACCOUNT_NEEDS_BURST),
      watch: new Watch(sight, (error) => options.onError(error, "/v1/events")),
      hired: hiredHere,
      isDraining: () => this.#isDraining,
    };
    this.#app = fastify({
      bodyLimit: BODY_BYTES_MAX,
      requestTimeout: requestMsMax,
      http: {
        maxHeaderSize: HEAD_BYTES_MAX,
        // Where it is longer than the time of a request, Node forgets that of bodies.
        headersTimeout: requestMsMax,
        // Node looks for late requests every 30 s of itself: a few slow senders held all connections.
        connectionsCheckingInterval: requestMsMax / LATE_CHECKS,
        // Nothing here depends on it, and Node's own refusal has no words.
        requireHostHeader: false,
      },
      forceCloseConnections: true,
      logger: false,
      // An address that cannot be decoded, or a name in it that is longer than any.
      frameworkErrors: (_error, request, reply) => this.#unknown(request, reply),
      clientErrorHandler: (error, socket) => this.#connections.refuse(error, socket),
    });
    this.#connections = new Connections(this.#app.server, requestMsMax);
  }

  static async listen(options: ServerOptions): Promise<GatewayServer> {
    const server = new GatewayServer(options);
    server.#routes();
    try {
      await server.#app.listen({ host: options.host, port: options.port });
    } catch (error) {
      await server.drain();
      throw error;
    }
    return server;
  }

  get port(): number {
    const address = this.#app.server.address();
    return typeof address === "object" && address !== null ? address.port : this.#options.port;
  }

  get operatorToken(): string {
    return this.#gateway.tokens.operator;
  }

  /** What was begun is answered, new work is told to come later, streams are closed; then nobody listens. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const { swarm, agents, needs, watch } = this.#gateway;
    const endMs = swarm.clock.monotonicMs() + DRAIN_MS_MAX;
    while (this.#inFlight > 0 && swarm.clock.monotonicMs() < endMs)
      await new Promise<void>((resolve) => void swarm.clock.after(10, resolve));
    agents.close();
    watch.close();
    await needs.close();
    await this.#app.close();
  }

  #routes(): void {
    const app = this.#app;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
      try {
        done(null, JSON.parse(String(text)));
      } catch {
        done(new GatewayError("BODY_INVALID", { reason: "it is no JSON" }));
      }
    });
    app.addContentTypeParser(BYTES_TYPES, { parseAs: "buffer" }, (_request, bytes, done) =>
      done(null, bytes),
    );
    app.setErrorHandler((error, request, reply) => this.#failed(error, request, reply));
    app.setNotFoundHandler((request, reply) => this.#unknown(request, reply));
    for (const route of ROUTES)
      app.route({
        method: route.method,
        url: route.path.replace(/\{(\w+)\}/g, ":$1"),
        // A stream has no end to tell the length of.
        exposeHeadRoute: !isStream(route),
        bodyLimit: route.body?.bytesMax ?? route.bytes?.bytesMax ?? BODY_BYTES_MAX,
        handler: (request, reply) => this.#handle(route, request, reply),
      });
  }

  async #handle(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const startedMs = performance.now();
    const { metrics, tokens } = this.#gateway;
    reply.raw.on("finish", () => {
      if (reply.getHeader("content-type") === "text/event-stream") return;
      const seconds = (performance.now() - startedMs) / 1_000;
      metrics.answered(route.method, route.path, reply.raw.statusCode, seconds);
    });
    if (this.#isDraining && route.path.startsWith("/v1/")) throw new GatewayError("DRAINING");
    if (metrics.streams >= STREAMS_MAX && route.path.endsWith("/events"))
      throw new GatewayError("BUSY", { reason: `${STREAMS_MAX} streams are open` });
    const takesToken = route.auth === "account" || route.auth === "operator";
    const caller = takesToken ? tokens.callerOf(headerOf(request, "authorization")) : undefined;
    if (route.auth === "operator" && caller?.isOperator !== true)
      throw new GatewayError("NOT_ALLOWED", { reason: "it is for the operator's" });
    const params = request.params as Readonly<Record<string, string>>;
    const asked: Asked = { request, reply, params, body: request.body, caller };
    this.#inFlight += 1;
    try {
      const answer = await route.handle(this.#gateway, asked);
      return answer ?? reply;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #unknown(request: FastifyRequest, reply: FastifyReply): void {
    const { method, url } = request;
    const [path = ""] = url.split("?");
    this.#failed(new GatewayError("PATH_UNKNOWN", { method, path }), request, reply);
  }

  #failed(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const told = gatewayError(error, request);
    if (told !== undefined) {
      void reply.code(told.status).headers(told.headers).send(told.shown);
      return;
    }
    this.#options.onError(error, request.url);
    const shown: ErrorShown = {
      error: {
        code: "INTERNAL",
        message: "something went wrong here, and it was written down",
        remedy: "send the same request again; if it stays, tell the operator",
      },
    };
    void reply.code(500).send(shown);
  }
}

/** What Fastify itself refuses, in our words; undefined: it is a mistake of ours. */
const gatewayError = (error: unknown, request: FastifyRequest): GatewayError | undefined => {
  if (error instanceof GatewayError) return error;
  // JSON that no envelope can hold: half a character, a number beyond a double, nested too deeply.
  if (error instanceof Malformed)
    return new GatewayError("BODY_INVALID", { reason: error.message });
  const { code, statusCode, message } = error as {
    readonly code?: string;
    readonly statusCode?: number;
    readonly message?: string;
  };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const limit = request.routeOptions.bodyLimit ?? BODY_BYTES_MAX;
    return new GatewayError("BODY_TOO_LARGE", { limit });
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE")
    return new GatewayError("BODY_INVALID", {
      reason: `its content type is none of application/json, ${BYTES_TYPES.join(", ")}`,
    });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new GatewayError("BODY_INVALID", { reason: message ?? "it cannot be read" });
  return undefined;
};
