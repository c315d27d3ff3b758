/** What a stranger, a mistake or a flood may send: each is answered by status, code and remedy. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { BODY_BYTES_MAX } from "#gateway/limits.ts";
import { ROUTES } from "#gateway/server.ts";
import { gatewayRig, signerOf, SWARM, type Rig } from "../support/gateway.ts";
import { hearingMessage } from "#protocol/hearing.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await gatewayRig();
});
afterAll(() => rig.stop());

const sent = async (
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: string; remedy: string }> => {
  const answer = await fetch(`${rig.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${rig.token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const { error } = (await answer.json()) as { error: { code: string; remedy: string } };
  return { status: answer.status, code: error.code, remedy: error.remedy };
};

const NEED = { key: "k", capability: "c", input: 1, bounty: "1", verifyBounty: "0.1" };
const json = (value: unknown): string => JSON.stringify(value);
const did = signerOf("a").did;

describe("a body that is not what the path takes", () => {
  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["a field missing", json({ ...NEED, bounty: undefined })],
    ["a field too many", json({ ...NEED, extra: 1 })],
    ["an amount as a number", json({ ...NEED, bounty: 1 })],
    ["an amount below a micro-credit", json({ ...NEED, bounty: "0.0000001" })],
    ["a negative amount", json({ ...NEED, bounty: "-1" })],
    ["neither input nor block", json({ ...NEED, input: undefined })],
    ["both input and block", json({ ...NEED, inputCid: cidOf(encode(1)) })],
    ["a quorum of none", json({ ...NEED, kResult: 0 })],
    ["an unknown tier", json({ ...NEED, tier: "huge" })],
    [
      "half a character",
      '{"key":"\\ud800","capability":"c","input":"\\ud800","bounty":"1","verifyBounty":"0"}',
    ],
    ["a prototype", '{"__proto__":{"key":"k"},"capability":"c"}'],
  ])("%s is 400 BODY_INVALID", async (_what, body) => {
    expect(await sent("POST", "/v1/needs", body)).toMatchObject({
      status: 400,
      code: "BODY_INVALID",
    });
    expect(rig.errors).toEqual([]);
  });

  it("too large is 413, before it is read whole", async () => {
    const body = json({ ...NEED, input: "x".repeat(BODY_BYTES_MAX) });
    expect(await sent("POST", "/v1/needs", body)).toMatchObject({
      status: 413,
      code: "BODY_TOO_LARGE",
    });
  });

  it.each([
    ["text", "text/plain", "hello"],
    ["a form", "application/x-www-form-urlencoded", "a=b"],
  ])("of another kind (%s) is 400", async (_what, type, body) => {
    expect(await sent("POST", "/v1/needs", body, { "content-type": type })).toMatchObject({
      status: 400,
      code: "BODY_INVALID",
    });
  });
});

describe("a caller that may not", () => {
  it.each(ROUTES.filter(({ auth }) => auth === "account" || auth === "operator"))(
    "$method $path without a token, or with a wrong one, is 401",
    async ({ method, path }) => {
      const body = method === "GET" ? undefined : "{}";
      const to = path.replace(/\{\w+\}/, "requester");
      for (const [authorization, code] of [
        ["", "TOKEN_MISSING"],
        ["Bearer nonsense", "TOKEN_UNKNOWN"],
        ["Basic abc", "TOKEN_MISSING"],
      ] as const)
        expect(await sent(method, to, body, { authorization })).toMatchObject({
          status: 401,
          code,
        });
    },
  );

  it("an account's token opens no operator's path and no other account", async () => {
    const opened = await fetch(`${rig.url}/v1/accounts`, {
      method: "POST",
      headers: { authorization: `Bearer ${rig.token}`, "content-type": "application/json" },
      body: json({ name: "alice" }),
    });
    const { token } = (await opened.json()) as { token: string };
    const authorization = `Bearer ${token}`;
    const post = (path: string, body: unknown) => sent("POST", path, json(body), { authorization });
    expect(await post("/v1/accounts", { name: "bob" })).toMatchObject({ code: "NOT_ALLOWED" });
    expect(await post("/v1/agents", { did, name: "a", role: "worker" })).toMatchObject({
      status: 403,
      code: "NOT_ALLOWED",
    });
    expect(await post(`/v1/accounts/${did}/grants`, { credits: "1", key: "k" })).toMatchObject({
      code: "NOT_ALLOWED",
    });
    const other = await sent("GET", "/v1/accounts/requester", undefined, { authorization });
    expect(other).toMatchObject({ status: 403, code: "NOT_ALLOWED" });
    expect(await sent("POST", "/v1/accounts", json({ name: "alice" }))).toMatchObject({
      status: 409,
      code: "ACCOUNT_EXISTS",
    });
  });
});

describe("a name of nothing", () => {
  it.each([
    ["GET", "/nowhere", "PATH_UNKNOWN"],
    ["GET", "/v1/needs/nonsense", "NEED_NOT_FOUND"],
    ["GET", `/v1/needs/${cidOf(encode("x"))}`, "NEED_NOT_FOUND"],
    ["GET", `/v1/needs/${cidOf(encode("x"))}/log`, "NEED_NOT_FOUND"],
    ["GET", `/v1/needs/${cidOf(encode("x"))}/events`, "NEED_NOT_FOUND"],
    ["GET", `/v1/blocks/${cidOf(encode("x"))}`, "BLOCK_UNKNOWN"],
    ["GET", "/v1/blocks/..%2f..%2fetc%2fpasswd", "BLOCK_UNKNOWN"],
    ["GET", "/v1/accounts/nobody", "ACCOUNT_UNKNOWN"],
    ["GET", "/v1/agents/nobody", "ACCOUNT_UNKNOWN"],
  ])("%s %s is 404 %s", async (method, path, code) => {
    expect(await sent(method, path)).toMatchObject({ status: 404, code });
  });
});

describe("who is no agent", () => {
  const now = (): number => Date.now();
  const signed = (
    by: string,
    of: string,
    timeMs: number,
    swarm = SWARM,
  ): Record<string, string> => ({
    "canswarm-time": String(timeMs),
    "canswarm-signature": Buffer.from(
      signerOf(by).sign(hearingMessage(swarm, of, timeMs)),
    ).toString("base64"),
  });
  it.each([
    ["no signature", {}],
    ["another's signature", signed("b", did, now())],
    ["a signature of another time", { ...signed("a", did, now()), "canswarm-time": "1" }],
    ["an old signature", signed("a", did, now() - 120_000)],
    ["one from the future", signed("a", did, now() + 120_000)],
    ["one for another swarm", signed("a", did, now(), "other.0123456789abcdef")],
    ["no time", { ...signed("a", did, now()), "canswarm-time": "soon" }],
  ])("%s opens no stream", async (_what, headers) => {
    expect(
      await sent("GET", `/v1/agents/${did}/notices`, undefined, headers as Record<string, string>),
    ).toMatchObject({ status: 401, code: "SIGNATURE_INVALID" });
  });

  it("without a session nothing is passed on and no signature is checked", async () => {
    const body = encode([Uint8Array.of(1)]) as Uint8Array<ArrayBuffer>;
    const headers = { "content-type": "application/cbor", "canswarm-session": "guess" };
    expect(await sent("POST", "/v1/envelopes", body, headers)).toMatchObject({
      status: 401,
      code: "SIGNATURE_INVALID",
    });
    expect(await sent("PUT", "/v1/blocks", body, headers)).toMatchObject({ status: 401 });
    expect(
      await sent("POST", "/v1/probes", json({ probe: "x" }), { "canswarm-session": "guess" }),
    ).toMatchObject({ status: 401 });
    expect(rig.exchange.sent).toEqual([]);
  });
});

it("every error that was told has a remedy, and none was a mistake of ours", async () => {
  expect((await sent("GET", "/nowhere")).remedy).not.toBe("");
  expect(rig.errors).toEqual([]);
});
