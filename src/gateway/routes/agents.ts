/** Agents: who is registered, who is here; and the way in for those on other machines. */

import { decode } from "#envelope/canonical.ts";
import { isDid } from "#envelope/did.ts";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { formatCredits, parseCredits } from "#protocol/amount.ts";
import { LABEL_UNITS_MAX, NAME_UNITS_MAX } from "#protocol/limits.ts";
import { z } from "zod";
import { accountAnswer, manifestOf } from "../account-answer.ts";
import { GatewayError } from "../errors.ts";
import { ENVELOPES_BYTES_MAX, ENVELOPES_MAX } from "../limits.ts";
import { plainJson } from "../plain-json.ts";
import { headerOf, parsed, type Asked, type Gateway, type Route } from "../route.ts";
import { eventStream } from "../sse.ts";

const SESSION = "canswarm-session";

const list = async (gateway: Gateway): Promise<unknown> => {
  const { swarm, agents, hired } = gateway;
  const rows = (await swarm.query<readonly AgentRow[]>(SYSTEM_BUCKET, "agents")) ?? [];
  const here = new Map(agents.listings().map(({ did, quietMs }) => [did, quietMs]));
  return {
    agents: rows.map((row) => ({
      did: row.did,
      ...manifestOf(row),
      // Of agents that neither run here nor are joined, this gateway knows nothing.
      isHere: hired.has(row.did) || here.has(row.did),
      ...(here.has(row.did) ? { quietMs: Math.round(here.get(row.did) ?? 0) } : {}),
    })),
  };
};

const label = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "has control characters")
  .min(1)
  .max(LABEL_UNITS_MAX)
  .optional();
const credits = z
  .string()
  .refine((text) => parseCredits(text) !== undefined, 'is no amount such as "2.5"')
  .transform((text) => parseCredits(text) ?? 0n)
  .optional();

const welcomeShape = z.strictObject({
  did: z.string().refine(isDid, "is no did:key of Ed25519"),
  name: z
    .string()
    .max(NAME_UNITS_MAX)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "is no name of letters, digits, . _ -"),
  role: z.enum(["worker", "verifier", "both"]),
  org: label.describe("Nobody judges its own org's work; the name where it is absent"),
  asn: label,
  region: label,
  model: label,
  credits: credits.describe("To keep, for a worker's bonds"),
  stake: credits.describe("To stake, for a verifier's seat"),
});

const welcome = async (gateway: Gateway, { body }: Asked): Promise<unknown> => {
  const { did, name, role, ...wishes } = parsed(welcomeShape, body);
  const { attestations, credits, stake } = await gateway.swarm.welcome(did, name, role, wishes);
  return {
    swarm: gateway.swarm.swarm,
    policy: gateway.swarm.policy,
    credits: formatCredits(credits),
    stake: formatCredits(stake),
    attestations: plainJson(attestations),
  };
};

const hear = async (gateway: Gateway, { request, reply, params }: Asked): Promise<undefined> => {
  const did = params["did"] ?? "";
  const { agents } = gateway;
  agents.checkHearing(
    did,
    headerOf(request, "canswarm-time"),
    headerOf(request, "canswarm-signature"),
  );
  agents.checkRoom(did);
  const stream = eventStream(reply);
  const session = agents.attach(did, stream);
  stream.onClose(session.leave);
  return undefined;
};

const probeShape = z.strictObject({ probe: z.string() });

const alive = async ({ agents }: Gateway, { request, body }: Asked): Promise<unknown> => {
  agents.alive(headerOf(request, SESSION), parsed(probeShape, body).probe);
  return {};
};

/** A canonical list of byte strings, each a signed envelope. */
const wiresIn = (body: unknown): readonly Uint8Array[] => {
  const invalid = (reason: string): GatewayError => new GatewayError("BODY_INVALID", { reason });
  if (!(body instanceof Uint8Array)) throw invalid("it is no application/cbor");
  let wires: unknown;
  try {
    wires = decode(body);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : "it is no canonical CBOR");
  }
  if (!Array.isArray(wires) || wires.length === 0 || wires.length > ENVELOPES_MAX)
    throw invalid(`it is no list of 1 to ${ENVELOPES_MAX} envelopes`);
  if (!wires.every((wire) => wire instanceof Uint8Array))
    throw invalid("its elements are not byte strings");
  return wires;
};

/** How many the head of the list says they are (RFC 8949, section 3); 1 where it is no list. */
const countIn = (body: unknown): number => {
  const [head = 0, high = 0, low = 0] = body instanceof Uint8Array ? body : [];
  if (head === 0x98) return high;
  if (head === 0x99) return high * 256 + low;
  return head > 0x80 && head < 0x98 ? head - 0x80 : 1;
};

const send = async ({ agents }: Gateway, { request, body, reply }: Asked): Promise<unknown> => {
  const wires = agents.send(
    headerOf(request, SESSION),
    Math.min(countIn(body), ENVELOPES_MAX),
    () => wiresIn(body),
  );
  void reply.code(202);
  return { passed: wires.length };
};

const nonce = async ({ swarm }: Gateway, { params }: Asked): Promise<unknown> => {
  const did = params["did"] ?? "";
  if (!isDid(did)) throw new GatewayError("ACCOUNT_UNKNOWN", { account: did });
  return accountAnswer(swarm, did);
};

export const AGENT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/agents",
    summary: "Everybody who is registered, and who of them is here.",
    auth: "none",
    answers: { 200: "did, name, roles, capabilities; `isHere` for those that answer probes" },
    handle: list,
  },
  {
    method: "POST",
    path: "/v1/agents",
    summary: "Welcome an agent that has a key of its own: labels attested, credits granted, once.",
    auth: "operator",
    body: { schema: welcomeShape },
    answers: { 200: "what to quote in REGISTER, and what it was granted" },
    handle: welcome,
  },
  {
    method: "GET",
    path: "/v1/agents/{did}",
    summary:
      "What an agent needs to go on after a restart: its last nonce, its stake, its manifest.",
    auth: "none",
    answers: { 200: "its account thread's last nonce, balance, stake; how it is registered" },
    handle: nonce,
  },
  {
    method: "GET",
    path: "/v1/agents/{did}/notices",
    summary: "What the swarm says to this agent, as server-sent events.",
    auth: "agent",
    answers: {
      200: "session, probe, notice, receipt, rejected, resumed",
      401: "canswarm-time and canswarm-signature do not prove the key",
      429: "as many agents are here as may be",
    },
    handle: hear,
  },
  {
    method: "POST",
    path: "/v1/probes",
    summary: "Answer a probe, under the session: the listing goes on.",
    auth: "agent",
    body: { schema: probeShape },
    answers: { 200: "heard", 401: "the session has ended" },
    handle: alive,
  },
  {
    method: "POST",
    path: "/v1/envelopes",
    summary: "Pass signed envelopes on, under the session; receipts come on the stream.",
    auth: "agent",
    bytes: {
      what: "canonical DAG-CBOR: a list of signed envelopes",
      bytesMax: ENVELOPES_BYTES_MAX,
    },
    answers: { 202: "passed on", 401: "the session has ended", 429: "too fast" },
    handle: send,
  },
];
