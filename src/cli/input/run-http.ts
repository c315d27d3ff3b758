/** `"run": {"http": "http://host:port/path", …}` of AGENTS.json. */

import type { HttpSpec } from "#agent/runner/spec.ts";
import { isObject, show, type Fields } from "./fields.ts";
import { portFits, readAddress, readSecret, readStart } from "./run-network.ts";

const HEADERS_MAX = 32;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const HEADER_VALUE = /^[\t\x20-\x7e]{0,2000}$/;
/** Ours to write, or with a meaning for the connection. */
const HEADERS_TAKEN = new Set([
  "accept",
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "idempotency-key",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const HEADERS_SECRET = new Set(["authorization", "cookie", "proxy-authorization", "x-api-key"]);

export const readHttp = async (run: Fields, folder: string): Promise<HttpSpec | undefined> => {
  const url = readAddress(run, "http", "required");
  const health = readAddress(run, "health", "optional", url);
  const headers = readHeaders(run);
  const plans = run.flag("plans");
  const start = readStart(run, folder);
  const token = await readSecret(run, { env: "tokenEnv", file: "tokenFile" }, folder);
  run.rejectUnknown();
  if (url === undefined || headers === undefined || start === null || token === null)
    return undefined;
  if (!portFits(run, "http", url, start)) return undefined;
  return {
    kind: "http",
    url,
    headers,
    plans: plans ?? false,
    ...(token === undefined ? {} : { token }),
    ...(health === undefined ? {} : { health }),
    ...(start === undefined ? {} : { start }),
  };
};

const readHeaders = (run: Fields): Record<string, string> | undefined => {
  const value = run.value("headers", "optional");
  if (value === undefined) return {};
  const invalid = (sentence: string, remedy?: string): undefined =>
    run.invalid("headers", sentence, remedy);
  if (!isObject(value)) return invalid(`"headers" is ${show(value)}, not an object of texts`);
  const entries = Object.entries(value);
  if (entries.length > HEADERS_MAX) return invalid(`there are more than ${HEADERS_MAX} headers`);
  const headers: Record<string, string> = {};
  for (const [name, text] of entries) {
    if (!HEADER_NAME.test(name)) return invalid(`${show(name)} is no name of a header`);
    if (HEADERS_SECRET.has(name.toLowerCase()))
      return invalid(
        `the header ${show(name)} would hold a secret`,
        "secrets do not belong into this file: use tokenEnv or tokenFile",
      );
    if (HEADERS_TAKEN.has(name.toLowerCase()))
      return invalid(`the header ${show(name)} is written by canswarm itself`, "leave it out");
    if (typeof text !== "string" || !HEADER_VALUE.test(text))
      return invalid(`the header ${show(name)} is ${show(text)}, not a line of ASCII text`);
    headers[name.toLowerCase()] = text;
  }
  return headers;
};
