/**
 * Writes the generated pages of docs/protocol/: one per verb, their index, and the catalogue of refusals.
 *
 *     node scripts/verb-pages.ts
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { encode } from "#envelope/canonical.ts";
import { hex } from "#envelope/cid.ts";
import { REFUSALS } from "#protocol/refusals.ts";
import type { Json, JsonObject } from "#protocol/schema.ts";
import type { Sender, ThreadKind, VerbSpec } from "#protocol/verb-spec.ts";
import type { Verb } from "#protocol/bodies.ts";
import { VERBS } from "#protocol/verbs.ts";
import { dagJson } from "./dag-json.ts";
import { NOTES } from "./verb-notes.ts";
import { formatted } from "./markdown.ts";

const FOLDER = new URL("../docs/protocol/", import.meta.url);
const GENERATED =
  "<!-- Written by scripts/verb-pages.ts; change the source it names, not this page. -->";

const SENDERS: Readonly<Record<Sender, string>> = {
  agent: "the agent whose account it is",
  operator: "the operator, with the key that the genesis names",
  requester: "the need's requester",
  worker: "a worker; the one with the award or the lease where there is one",
  verifier: "the verifier who holds the seat",
  party: "a party of the need: requester, worker or seated verifier",
  anyone: "any registered agent",
  leader: "the bucket's leader, under the key of its EPOCH",
};
const THREADS: Readonly<Record<ThreadKind, string>> = {
  own: "none is named: the envelope's id is the thread",
  need: "the need's id, the same as `need` in the body",
  account: "`acct:` and the sender's did, in the system bucket",
  bucket: "`bucket:` and the bucket's number",
};

interface Row {
  readonly path: string;
  readonly type: string;
  readonly needed: "yes" | "no" | "one of";
  readonly meaning: string;
}

const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);
const listOf = (json: Json | undefined): readonly Json[] => (Array.isArray(json) ? json : []);

/** Words for a leaf; containers say what they hold in rows of their own. */
const typeOf = (json: JsonObject): string => {
  if ("const" in json) return `\`${JSON.stringify(json["const"])}\``;
  if ("enum" in json)
    return listOf(json["enum"])
      .map((one) => `\`${String(one)}\``)
      .join(", ");
  if (isBytes(json)) return bytesType(json);
  switch (json["type"]) {
    case "integer":
      return `integer ${String(json["minimum"])} … ${String(json["maximum"])}`;
    case "string":
      return "pattern" in json && !("maxLength" in json)
        ? idType(String(json["pattern"]))
        : `text, ${String(json["minLength"])} … ${String(json["maxLength"])} units`;
    case "boolean":
      return "true or false";
    case "array":
      return `list of ${String(json["minItems"])} … ${String(json["maxItems"])}`;
    case "object":
      return "map";
    default:
      return "oneOf" in json ? "one of the following" : "any value";
  }
};

const idType = (pattern: string): string => (pattern.startsWith("^did") ? "did" : "CID");
const isBytes = (json: JsonObject): boolean =>
  isObject(json["properties"]) && "/" in json["properties"];
const bytesType = (json: JsonObject): string => {
  const outer = isObject(json["properties"]) ? json["properties"]["/"] : undefined;
  const properties = isObject(outer) ? outer["properties"] : undefined;
  const inner = isObject(properties) ? properties["bytes"] : undefined;
  const count = (units: Json | undefined): number => Math.floor((Number(units) * 3) / 4);
  if (!isObject(inner)) return "bytes";
  const [least, most] = [count(inner["minLength"]), count(inner["maxLength"])];
  return least === most ? `${least} bytes` : `${least} … ${most} bytes`;
};

/** What tells a choice from its siblings: the literal it begins with, or nothing where keys differ. */
const labelOf = (choice: JsonObject): string | undefined => {
  const properties = choice["properties"];
  const [first] = isObject(properties) ? Object.values(properties) : [];
  return isObject(first) && typeof first["const"] === "string" ? first["const"] : undefined;
};

/** One row a field, depth first; `[]` is each element, a word in brackets one of several forms. */
const rowsOf = (json: JsonObject, path: string): Row[] => {
  const rows: Row[] = [];
  const under = path === "" || path.endsWith(" ") ? path : `${path}.`;
  for (const choice of listOf(json["oneOf"])) {
    if (!isObject(choice)) continue;
    const label = labelOf(choice);
    const inner = rowsOf(choice, label === undefined ? path : `${path} (${label}) `.trimStart());
    const others = inner.map((row) =>
      label === undefined && row.path.lastIndexOf(".") === path.length
        ? { ...row, needed: "one of" as const }
        : row,
    );
    rows.push(...others);
  }
  if (isObject(json["items"])) rows.push(...rowsOf(json["items"], `${path}[]`));
  const properties = json["properties"];
  if (!isObject(properties) || isBytes(json)) return rows;
  const needed = new Set(listOf(json["required"]));
  for (const [key, field] of Object.entries(properties)) {
    if (!isObject(field)) continue;
    const name = `${under}${key}`;
    const meaning = String(field["description"] ?? "");
    rows.push({ path: name, type: typeOf(field), needed: needed.has(key) ? "yes" : "no", meaning });
    rows.push(...rowsOf(field, name));
  }
  return rows;
};

const fieldTable = (schema: JsonObject): string => {
  const rows = rowsOf(schema, "");
  if (rows.length === 0) return "The body is an empty map.";
  const lines = rows.map(
    ({ path, type, needed, meaning }) => `| ${path} | ${type} | ${needed} | ${meaning} |`,
  );
  return ["| field | type | needed | meaning |", "|---|---|---|---|", ...lines].join("\n");
};

const refusalTable = (spec: VerbSpec<Verb>): string => {
  if (spec.refusals.length === 0) return "None: a leader's entry is written, not asked for.";
  const lines = spec.refusals.map((code) => {
    const { retry, text } = REFUSALS[code];
    return `| [${code}](../refusals.md#${code.toLowerCase()}) | ${retry} | ${text} |`;
  });
  return [
    "In order of precedence: where several apply, the first is told.\n",
    "| code | retry | meaning |",
    "|---|---|---|",
    ...lines,
  ].join("\n");
};

const verbPage = (spec: VerbSpec<Verb>): string => `${GENERATED}

# ${spec.verb}

${spec.sentence}

- **Sender**: ${SENDERS[spec.sender]}.
- **Thread**: ${THREADS[spec.thread]}.
- **Schema**: [${spec.verb}.json](../../schemas/${spec.verb}.json)

${NOTES[spec.verb]}

## Body

${fieldTable(spec.schema.json)}

## Refusals

${refusalTable(spec)}

## Example

The body in DAG-JSON:

\`\`\`json
${dagJson(spec.example)}
\`\`\`

Its canonical bytes, in hex:

\`\`\`text
${(hex(encode(spec.example)).match(/.{1,96}/g) ?? []).join("\n")}
\`\`\`
`;

const indexPage = (): string => {
  const lines = Object.values(VERBS).map(
    ({ verb, sender, thread, sentence }) =>
      `| [${verb}](${verb}.md) | ${sender} | ${thread} | ${sentence} |`,
  );
  return [
    GENERATED,
    "",
    "# Verbs",
    "",
    "Every envelope carries one of these verbs. The body of each is described on its page and, for",
    "programs, in `docs/schemas/`. Unknown fields are refused.",
    "",
    "| verb | sender | thread | meaning |",
    "|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
};

const refusalsPage = (): string => {
  const sections = Object.entries(REFUSALS).map(
    ([code, { retry, signed, text, remedy }]) =>
      `## ${code}\n\n${sentenceOf(text)} ${sentenceOf(remedy)}\n\nRetry: ${retry}. ` +
      `${signed ? "Answered by a signed NACK." : "Counted and answered by a plain transport error, never signed."}`,
  );
  return [
    GENERATED,
    "",
    "# Refusals",
    "",
    "A refusal is a `NACK {code, retry, detail}`. The order of this page is the order of precedence: where",
    "several apply, the first is told. Retry is `never` (the same will always be refused), `later` (send the",
    "same bytes again) or `changed` (mend it, sign it anew).",
    "",
    "An envelope is judged in up to three places, one after the other, and each tells the foremost of what it",
    "finds: the door (what is never signed), the bucket of its thread, and, where money is held, the ledger. Where",
    "there is no room for it (`MAILBOX_FULL`) or its bucket is halted, nothing else is looked at. A",
    "host that is busy with what is under way refuses a NEED so too, after it knows its sender. What cannot be",
    "asked does not apply: of a need that is not there, nobody can say who may speak.",
    "",
    sections.join("\n\n"),
    "",
  ].join("\n");
};

const sentenceOf = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Paths under docs/protocol and texts, formatted as the repository's markdown is. */
export const verbPages = async (): Promise<ReadonlyMap<string, string>> => {
  const raw = new Map<string, string>([
    ["refusals.md", refusalsPage()],
    ["verbs/README.md", indexPage()],
  ]);
  for (const spec of Object.values(VERBS)) {
    raw.set(`verbs/${spec.verb}.md`, verbPage(spec as unknown as VerbSpec<Verb>));
  }
  const pages = new Map<string, string>();
  for (const [name, text] of raw) {
    pages.set(name, await formatted(text));
  }
  return pages;
};

if (import.meta.main) {
  mkdirSync(new URL("verbs/", FOLDER), { recursive: true });
  for (const [name, text] of await verbPages()) writeFileSync(new URL(name, FOLDER), text);
}
