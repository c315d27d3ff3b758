import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cid, closed, integer, type Json, type JsonObject } from "#protocol/schema.ts";
import { VERBS } from "#protocol/verbs.ts";
import { hex, unhex } from "#envelope/cid.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { rootOf } from "#envelope/merkle.ts";
import { rootMessage } from "#envelope/signed.ts";
import { dagJson } from "../../scripts/dag-json.ts";
import { schemaFiles } from "../../scripts/schemas.ts";
import { verbPages } from "../../scripts/verb-pages.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, DOCS), "utf8");

describe("docs/schemas", () => {
  it("are what the verbs' descriptions give (node scripts/schemas.ts)", () => {
    const files = schemaFiles();
    expect(readdirSync(new URL("schemas/", DOCS)).sort()).toEqual([...files.keys()].sort());
    for (const [name, text] of files) expect(read(`schemas/${name}`), name).toBe(text);
  });

  it("are JSON, and describe each field of a body", () => {
    for (const [name, text] of schemaFiles()) {
      const schema = JSON.parse(text) as JsonObject;
      expect(schema["$schema"], name).toContain("2020-12");
    }
    for (const { verb, schema } of Object.values(VERBS)) {
      const forms = Array.isArray(schema.json["oneOf"])
        ? (schema.json["oneOf"] as readonly JsonObject[])
        : [schema.json];
      for (const { properties } of forms) {
        for (const [field, json] of Object.entries(properties as { [key: string]: JsonObject })) {
          const told = "description" in json || "const" in json;
          expect(told, `${verb}.${field}`).toBe(true);
        }
      }
    }
  });

  it("keep integers whole and bytes as DAG-JSON", () => {
    expect(dagJson({ a: 2n ** 63n - 1n, b: Uint8Array.of(255), c: [], d: undefined })).toBe(
      '{\n  "a": 9223372036854775807,\n  "b": { "/": { "bytes": "/w" } },\n  "c": []\n}',
    );
    const json: Json = closed({ n: integer(1, 2).json, c: cid.json }, ["n"]);
    expect(json).toMatchObject({ required: ["n"], additionalProperties: false });
  });
});

describe("docs/protocol", () => {
  it("has the generated pages as they would be written now (node scripts/verb-pages.ts)", async () => {
    const pages = await verbPages();
    expect(pages.size).toBe(Object.keys(VERBS).length + 2);
    for (const [name, text] of pages) expect(read(`protocol/${name}`), name).toBe(text);
    const found = readdirSync(new URL("protocol/verbs/", DOCS)).map((name) => `verbs/${name}`);
    expect(found.filter((name) => !pages.has(name))).toEqual([]);
  });

  it("shows the bytes, id, root, message, signature and wire form of its example", () => {
    const page = read("protocol/envelope.md");
    const json = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const envelope = JSON.parse(json) as Parameters<typeof encodeEnvelope>[0];
    const signer = signerFromSeed(unhex(`${"00".repeat(31)}07`));
    const { bytes, id } = encodeEnvelope(envelope);
    const [signed] = signEnvelopes([bytes], signer);
    if (signed === undefined) throw new Error("a batch of one has one member");
    const root = rootOf([bytes]);
    const shown = page.replace(/\n/g, "");
    expect(page).toContain(`${hex(signer.publicKey)}\n${signer.did}\n`);
    expect(page).toContain(`${bytes.length} of them`);
    expect(page).toContain(`\n${id}\n`);
    for (const value of [bytes, root, rootMessage(1, root), signed.signature]) {
      expect(shown).toContain(hex(value));
    }
    expect(shown).toContain(hex(encodeSigned(signed)));
  });
});
