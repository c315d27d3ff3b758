/**
 * Writes docs/schemas/: a JSON Schema (draft 2020-12) of the envelope and of each verb's body, made from
 * the descriptions that the parsers are made from. They describe the DAG-JSON rendering.
 *
 *     node scripts/schemas.ts
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { POLICY_UNITS_MAX, REFS_MAX } from "#envelope/limits.ts";
import { cid, closed, did, integer, text, type JsonObject } from "#protocol/schema.ts";
import { VERBS } from "#protocol/verbs.ts";
import { dagJson } from "./dag-json.ts";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";
const FOLDER = new URL("../docs/schemas/", import.meta.url);

const SWARM = "^[a-z0-9][a-z0-9-]{0,62}\\.[0-9a-f]{16}$";
const CID = "baf[yk]rei[a-h][a-z2-7]{50}[aeimquy4]";
const DID = "did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}";
const BUCKET = "bucket:(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-6])";

const envelopeSchema = (): JsonObject => {
  const count = integer(0).json;
  const fields: JsonObject = {
    v: { const: 1 },
    swarm: { type: "string", pattern: SWARM },
    thread: { type: "string", pattern: `^(?:${CID}|acct:${DID}|${BUCKET})$` },
    verb: { enum: Object.keys(VERBS) },
    from: did.json,
    nonce: count,
    lamport: count,
    sentAtMs: count,
    expiresAtMs: count,
    policy: text(0, POLICY_UNITS_MAX).json,
    body: { type: "object" },
    refs: { type: "array", items: cid.json, maxItems: REFS_MAX },
  };
  return closed(
    fields,
    Object.keys(fields).filter((field) => field !== "thread"),
  );
};

/** File names and texts. */
export const schemaFiles = (): ReadonlyMap<string, string> => {
  const files = new Map<string, string>();
  const add = (name: string, title: string, sentence: string, schema: JsonObject): void => {
    const whole = { $schema: DRAFT, title, description: sentence, ...schema };
    files.set(`${name}.json`, `${dagJson(whole)}\n`);
  };
  add("envelope", "Envelope", "Who says what in which thread of which swarm.", envelopeSchema());
  for (const { verb, sentence, schema } of Object.values(VERBS)) {
    add(verb, `Body of ${verb}`, sentence, schema.json);
  }
  return files;
};

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, content] of schemaFiles()) writeFileSync(new URL(name, FOLDER), content);
}
