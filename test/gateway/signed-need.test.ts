/** POST /v1/needs with an envelope that its sender has signed. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { encodeEnvelope } from "#envelope/envelope.ts";
import { encodeSigned, signEnvelopes } from "#envelope/signed.ts";
import type { Receipt } from "#protocol/notices.ts";
import { SIGNED_BYTES_MAX } from "#gateway/signed-posts.ts";
import { gatewayRig, POLICY, signerOf, SWARM, type Rig } from "../support/gateway.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await gatewayRig();
});
afterEach(() => rig.stop());

const signer = signerOf("alice");
const BODY = {
  key: "k",
  capability: "c",
  input: { value: 1 },
  bounty: 1_000_000n,
  verifyBounty: 100_000n,
  deadlineMs: 60_000,
};

const signed = (more: object = {}): { readonly id: string; readonly wire: Uint8Array } => {
  const { bytes, id } = encodeEnvelope({
    v: 1,
    swarm: SWARM,
    verb: "NEED",
    from: signer.did,
    nonce: 1,
    lamport: 1,
    sentAtMs: 1_770_000_000_000,
    expiresAtMs: 1_770_000_600_000,
    policy: POLICY,
    body: BODY,
    refs: [],
    ...more,
  });
  return { id, wire: encodeSigned(signEnvelopes([bytes], signer)[0]!) };
};

interface Answered {
  readonly status: number;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly again: string | null;
}

const post = async (
  wire: Uint8Array,
  type = "application/vnd.ipld.dag-cbor",
  token = rig.token,
): Promise<Answered> => {
  const response = await fetch(`${rig.url}/v1/needs`, {
    method: "POST",
    headers: {
      "content-type": type,
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
    body: new Uint8Array(wire),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, answer, again: response.headers.get("retry-after") };
};
const codeOf = ({ answer }: Awaited<ReturnType<typeof post>>): unknown =>
  (answer["error"] as { code: string } | undefined)?.code;

describe("a signed NEED", () => {
  it.each(["application/vnd.ipld.dag-cbor", "application/octet-stream", "application/cbor"])(
    "as %s is passed on as it is and answered with its id; once more it is the same",
    async (type) => {
      const { id, wire } = signed();
      expect(await post(wire, type)).toMatchObject({
        status: 201,
        answer: { need: id, isLogged: true },
      });
      expect(rig.exchange.sent.map((one) => Buffer.from(one).toString("hex"))).toEqual([
        Buffer.from(wire).toString("hex"),
      ]);
      expect(await post(wire, type)).toMatchObject({ status: 200, answer: { need: id } });
      // Nobody is heard for longer than somebody waits.
      expect(rig.exchange.attached.has(signer.did)).toBe(false);
      const text = await (await fetch(`${rig.url}/metrics`)).text();
      expect(text).toContain("canswarm_needs_open 1\n");
      expect(text).toContain("canswarm_needs_accepted 1\n");
    },
  );

  it("that finds a crowd is told so at once, with a time to come again, and takes no room", async () => {
    rig.exchange.answer = (envelope): Receipt => ({
      kind: "nack",
      envelope,
      code: "MAILBOX_FULL",
      detail: "what is under way goes first",
    });
    const told = await post(signed().wire);
    expect([told.status, codeOf(told)]).toEqual([429, "MAILBOX_FULL"]);
    expect(Number(told.again)).toBeGreaterThan(0);
    expect(rig.exchange.sent).toHaveLength(1);
    const text = await (await fetch(`${rig.url}/metrics`)).text();
    expect(text).toContain("canswarm_needs_open 0\n");
  });

  it("under a key that was used for the same is answered with the first need", async () => {
    const { id, wire } = signed();
    rig.exchange.answer = (envelope): Receipt => ({
      kind: "ack",
      envelope,
      bucket: 0,
      seq: 1,
      head: "",
      first: "first",
    });
    expect(id).not.toBe("first");
    expect(await post(wire)).toMatchObject({ status: 200, answer: { need: "first" } });
  });

  it("is refused as the swarm refuses it, with code and remedy, and takes no room", async () => {
    rig.exchange.answer = (envelope): Receipt => ({
      kind: "nack",
      envelope,
      code: "INSUFFICIENT_FUNDS",
      detail: "0 of 1",
    });
    const refused = await post(signed().wire);
    expect([refused.status, codeOf(refused)]).toEqual([402, "INSUFFICIENT_FUNDS"]);
    expect(refused.again).toBe(null);
    const text = await (await fetch(`${rig.url}/metrics`)).text();
    expect(text).toContain("canswarm_needs_open 0\n");
  });

  it("is told when to come again where the same bytes may do better", async () => {
    rig.exchange.answer = (envelope): Receipt => ({
      kind: "nack",
      envelope,
      code: "NOT_REGISTERED",
    });
    const refused = await post(signed().wire);
    expect([refused.status, codeOf(refused), refused.again]).toEqual([403, "NOT_REGISTERED", "1"]);
  });

  it("with a signature that does not verify is 401, as its bucket says", async () => {
    const { id, wire } = signed();
    rig.exchange.answer = (_, __) => {
      const events = rig.exchange.attached.get(signer.did);
      queueMicrotask(() => events?.rejected?.(id, "SIGNATURE_INVALID", ""));
      return undefined;
    };
    const refused = await post(wire);
    expect([refused.status, codeOf(refused)]).toEqual([401, "SIGNATURE_INVALID"]);
    expect(rig.exchange.attached.has(signer.did)).toBe(false);
  });

  it("takes a token, as an unsigned one does", async () => {
    expect(codeOf(await post(signed().wire, undefined, ""))).toBe("TOKEN_MISSING");
    expect(codeOf(await post(signed().wire, undefined, "nonsense"))).toBe("TOKEN_UNKNOWN");
    expect(rig.exchange.sent).toEqual([]);
  });
});

describe("what is no NEED for this swarm", () => {
  const need = signed().id;
  it.each([
    ["another verb", () => signed({ verb: "CANCEL", thread: need }).wire, 422, "NOT_A_NEED"],
    ["another swarm", () => signed({ swarm: "o.0123456789abcdef" }).wire, 422, "WRONG_SWARM"],
    ["no envelope", () => encode({ some: "value" }), 400, "BODY_INVALID"],
    ["no CBOR", () => new Uint8Array([255, 0]), 400, "BODY_INVALID"],
    ["nothing", () => new Uint8Array(0), 400, "BODY_INVALID"],
    ["bytes after it", () => new Uint8Array([...signed().wire, 0]), 400, "BODY_INVALID"],
    ["too much", () => new Uint8Array(SIGNED_BYTES_MAX + 1), 413, "BODY_TOO_LARGE"],
  ] as const)("%s is told, and passed to nobody", async (_, wire, status, code) => {
    const refused = await post(wire());
    expect([refused.status, codeOf(refused)]).toEqual([status, code]);
    expect(refused.answer).toMatchObject({ error: { remedy: expect.stringMatching(/\w{4}/) } });
    expect(rig.exchange.sent).toEqual([]);
    expect(rig.errors).toEqual([]);
  });
});

it("OpenAPI tells both kinds of body", async () => {
  const api = (await (await fetch(`${rig.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { requestBody: { content: object } }>>;
  };
  expect(Object.keys(api.paths["/v1/needs"]?.["post"]?.requestBody.content ?? {})).toEqual([
    "application/json",
    "application/cbor",
    "application/vnd.ipld.dag-cbor",
    "application/octet-stream",
  ]);
});
