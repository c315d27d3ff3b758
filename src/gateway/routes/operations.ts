/** For those who run it: is it well, is it ready, how does it fare, what does it offer. */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { BooksStatus } from "#actors/queries.ts";
import { formatCredits } from "#protocol/amount.ts";
import { openApi } from "../openapi.ts";
import type { Asked, Gateway, Route } from "../route.ts";
import type { Reconciling } from "../swarm.ts";

const healthz = async (): Promise<unknown> => ({ status: "ok" });

const readyz = async (gateway: Gateway, { reply }: Asked): Promise<unknown> => {
  if (gateway.isDraining()) {
    void reply.code(503);
    return { status: "draining" };
  }
  const revision = await gateway.swarm.query<number>(SYSTEM_BUCKET, "registered");
  if (revision !== undefined && revision > 0) return { status: "ready" };
  void reply.code(503);
  return { status: "starting" };
};

const metrics = async (
  { metrics: { registry } }: Gateway,
  { reply }: Asked,
): Promise<undefined> => {
  void reply.header("content-type", registry.contentType).send(await registry.metrics());
  return undefined;
};

const toldOf = ({ atMs, needs, holds, findings, findingsCount, failure }: Reconciling) => ({
  at: new Date(atMs).toISOString(),
  needs,
  holds,
  findings,
  findingsCount,
  ...(failure === undefined ? {} : { failure }),
});

/** Money as the books have it, needs as this process has counted them. */
const status = async ({ swarm, needs, agents, hired }: Gateway): Promise<unknown> => {
  const books = await swarm.query<BooksStatus>(SYSTEM_BUCKET, "books");
  const rows = (await swarm.query<readonly unknown[]>(SYSTEM_BUCKET, "agents")) ?? [];
  const { accepted, refused, turnedAway, ended } = needs.counts;
  const reconciled = swarm.reconciled();
  return {
    swarm: swarm.swarm,
    needs: { open: needs.openCount, openMax: needs.openMax, accepted, refused, turnedAway, ended },
    agents: { registered: rows.length, here: agents.size + hired.size },
    ...(reconciled === undefined ? {} : { reconciled: toldOf(reconciled) }),
    ...(books === undefined
      ? {}
      : {
          credits: {
            minted: formatCredits(books.minted),
            burned: formatCredits(books.burned),
            escrows: formatCredits(books.escrows),
            bonds: formatCredits(books.bonds),
            conserved: books.total === books.minted,
          },
        }),
  };
};

export const operationRoutes = (all: () => readonly Route[]): readonly Route[] => [
  {
    method: "GET",
    path: "/healthz",
    summary: "The process answers.",
    auth: "none",
    answers: { 200: "it does" },
    handle: healthz,
  },
  {
    method: "GET",
    path: "/readyz",
    summary: "Needs are taken.",
    auth: "none",
    answers: { 200: "they are", 503: "not yet, or not any more" },
    handle: readyz,
  },
  {
    method: "GET",
    path: "/v1/status",
    summary:
      "Needs since the start, agents, whether every credit is where it should be, and what was last compared.",
    auth: "none",
    answers: { 200: "counts, and credits as decimal strings" },
    handle: status,
  },
  {
    method: "GET",
    path: "/metrics",
    summary: "Figures in the text format of Prometheus.",
    auth: "none",
    answers: { 200: "text/plain" },
    handle: metrics,
  },
  {
    method: "GET",
    path: "/openapi.json",
    summary: "This description.",
    auth: "none",
    answers: { 200: "OpenAPI 3.1" },
    handle: async () => openApi(all()),
  },
];
