/** Accounts: opened by the operator, looked at by their owner. */

import { isDid } from "#envelope/did.ts";
import type { AccountStatus } from "#actors/queries.ts";
import { formatCredits, parseCredits } from "#protocol/amount.ts";
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import { parsed, type Asked, type Gateway, type Route } from "../route.ts";

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "is no name of letters, digits, . _ -");
const credits = z
  .string()
  .refine((text) => parseCredits(text) !== undefined, 'is no amount such as "2.5"')
  .transform((text) => parseCredits(text) ?? 0n);

const openShape = z.strictObject({ name, credits: credits.optional() });
const grantShape = z.strictObject({
  credits,
  key: z.string().min(1).max(200).describe("The same key grants once"),
});

const shown = async ({ swarm }: Gateway, did: string): Promise<unknown> => {
  const status = await swarm.query<AccountStatus>(256, "account", did);
  return {
    did,
    balance: formatCredits(status?.balance ?? 0n),
    staked: formatCredits(status?.staked ?? 0n),
    free: formatCredits(status?.free ?? 0n),
  };
};

const open = async (gateway: Gateway, { body, reply }: Asked): Promise<unknown> => {
  const { name: account, credits: sum } = parsed(openShape, body);
  const token = gateway.tokens.open(account);
  const { did } = await gateway.swarm.openAccount(account, sum ?? 0n);
  void reply.code(201);
  return { account, did, token };
};

/** Refuses with ACCOUNT_UNKNOWN. */
const didOf = async ({ swarm, tokens }: Gateway, id: string): Promise<string> => {
  if (isDid(id)) return id;
  if (!tokens.has(id)) throw new GatewayError("ACCOUNT_UNKNOWN", { account: id });
  return (await swarm.openAccount(id, 0n)).did;
};

const show = async (gateway: Gateway, { params, caller }: Asked): Promise<unknown> => {
  const id = params["id"] ?? "";
  if (!isDid(id) && caller?.isOperator !== true && caller?.account !== id)
    throw new GatewayError("NOT_ALLOWED", { reason: `${id} is another account` });
  return shown(gateway, await didOf(gateway, id));
};

const grant = async (gateway: Gateway, { params, body }: Asked): Promise<unknown> => {
  const { credits: sum, key } = parsed(grantShape, body);
  const did = await didOf(gateway, params["id"] ?? "");
  await gateway.swarm.grant(did, sum, `gateway/${did}/${key}`);
  return shown(gateway, did);
};

export const ACCOUNT_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/accounts",
    summary: "Open an account whose key is kept here; its token is told once.",
    auth: "operator",
    body: { schema: openShape },
    answers: { 201: "its did and its token", 409: "the name is taken" },
    handle: open,
  },
  {
    method: "GET",
    path: "/v1/accounts/{id}",
    summary: "Balance and stake of an account, by name or did.",
    auth: "account",
    answers: { 200: "credits as decimal strings", 404: "no such account" },
    handle: show,
  },
  {
    method: "POST",
    path: "/v1/accounts/{id}/grants",
    summary: "Grant credits from the treasury, once per key.",
    auth: "operator",
    body: { schema: grantShape },
    answers: { 200: "balance and stake after it", 404: "no such account" },
    handle: grant,
  },
];
