/**
 * DAG-JSON as text: how bodies are shown to people and to other languages. Integers of any size are
 * written as integers, bytes as `{"/": {"bytes": base64 without padding}}`.
 */

const INDENT = "  ";

export const dagJson = (value: unknown, margin = ""): string => {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) {
    const base64 = Buffer.from(value).toString("base64").replace(/=+$/, "");
    return `{ "/": { "bytes": "${base64}" } }`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = margin + INDENT;
  const isList = Array.isArray(value);
  const rows = isList
    ? value.map((element) => dagJson(element, inner))
    : Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([key, field]) => `${JSON.stringify(key)}: ${dagJson(field, inner)}`);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (rows.length === 0) return open + close;
  return `${open}\n${inner}${rows.join(`,\n${inner}`)}\n${margin}${close}`;
};
