import { describe, expect, it } from "vitest";
import { cidOf, hex, unhex } from "#envelope/cid.ts";
import { publicKeyOf } from "#envelope/did.ts";
import {
  decodeEnvelope,
  encodeEnvelope,
  signEnvelopes,
  verifySigned,
} from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { isInPlace, isNotABody } from "#protocol/verb-spec.ts";
import { isVerb, specOf, VERBS } from "#protocol/verbs.ts";
import vectors from "./envelopes.json" with { type: "json" };

const signer = signerFromSeed(unhex(vectors.seed));
const suite = bestSuite();

describe("frozen envelopes", () => {
  it("are there for every verb, once (node scripts/vectors.ts adds a new one)", () => {
    const verbs = vectors.envelopes.map(({ verb }) => verb);
    expect([...verbs].sort()).toEqual(Object.keys(VERBS).sort());
    expect(signer.did).toBe(vectors.did);
  });

  it.each(vectors.envelopes)("$verb is read, parsed and written as ever", (vector) => {
    const bytes = unhex(vector.bytes);
    expect(cidOf(bytes)).toBe(vector.id);
    const envelope = decodeEnvelope(bytes);
    expect(envelope.verb).toBe(vector.verb);
    if (!isVerb(envelope.verb)) throw new Error("the verb is in the table");
    const spec = specOf(envelope.verb);
    const body = spec.parse(envelope.body);
    expect(isNotABody(body) ? body.malformed : undefined).toBeUndefined();
    expect(isInPlace(spec.thread, { ...envelope, body })).toBe(true);
    expect(hex(encodeEnvelope({ ...envelope, body }).bytes)).toBe(vector.bytes);
  });

  it.each(vectors.envelopes)("$verb is signed as ever and verifies", (vector) => {
    const [signed] = signEnvelopes([unhex(vector.bytes)], signer);
    if (signed === undefined) throw new Error("a batch of one has one member");
    expect(hex(signed.signature)).toBe(vector.signature);
    expect(verifySigned(signed, publicKeyOf(vectors.did) ?? new Uint8Array(), suite)).toBe(true);
  });

  it("have one signature together, with the same paths as ever", () => {
    const { size, signature, paths } = vectors.batch;
    const batch = vectors.envelopes.slice(0, size).map(({ bytes }) => unhex(bytes));
    const signed = signEnvelopes(batch, signer);
    expect(hex(signed[0]?.signature ?? new Uint8Array())).toBe(signature);
    expect(paths).toHaveLength(3);
    for (const { index, path } of paths) expect(signed[index]?.path.map(hex)).toEqual(path);
  });
});
