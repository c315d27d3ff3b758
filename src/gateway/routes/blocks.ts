/** Blocks: inputs and outputs too large for an envelope, by their CID. */

import { decode } from "#envelope/canonical.ts";
import { isCid } from "#envelope/cid.ts";
import { BLOCK_BYTES_MAX } from "#ports/blocks.ts";
import { GatewayError } from "../errors.ts";
import { headerOf, type Asked, type Gateway, type Route } from "../route.ts";

const put = async (gateway: Gateway, asked: Asked): Promise<unknown> => {
  const { request, body, reply } = asked;
  if (!(body instanceof Uint8Array))
    throw new GatewayError("BODY_INVALID", { reason: "it is no application/cbor" });
  const session = headerOf(request, "canswarm-session");
  if (session === undefined) gateway.tokens.callerOf(headerOf(request, "authorization"));
  else gateway.agents.checkSession(session);
  try {
    decode(body);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it is no canonical CBOR";
    throw new GatewayError("BODY_INVALID", { reason });
  }
  const cid = await gateway.swarm.store.put(body, "dag-cbor");
  void reply.code(201);
  return { cid };
};

const get = async ({ swarm }: Gateway, { params, reply }: Asked): Promise<undefined> => {
  const cid = params["cid"] ?? "";
  const bytes = isCid(cid) ? await swarm.store.get(cid) : undefined;
  if (bytes === undefined) throw new GatewayError("BLOCK_UNKNOWN", { cid });
  void reply
    .header("content-type", "application/cbor")
    .header("cache-control", "public, max-age=31536000, immutable")
    .send(Buffer.from(bytes));
  return undefined;
};

export const BLOCK_ROUTES: readonly Route[] = [
  {
    method: "PUT",
    path: "/v1/blocks",
    summary: "Store a block: the canonical DAG-CBOR of one value.",
    auth: "agent",
    bytes: { what: "canonical DAG-CBOR of one value", bytesMax: BLOCK_BYTES_MAX },
    answers: { 201: "its CID", 413: "above 8 MiB" },
    handle: put,
  },
  {
    method: "GET",
    path: "/v1/blocks/{cid}",
    summary: "The bytes of a block.",
    auth: "none",
    answers: { 200: "application/cbor", 404: "no such block" },
    handle: get,
  },
];
