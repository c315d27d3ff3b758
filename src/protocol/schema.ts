/**
 * Descriptions of bodies: what a schema is, and those of single values; shapes.ts has lists and maps.
 * One description gives both the parser, which runs for every envelope, and the JSON Schema that other
 * languages read (docs/schemas).
 *
 * H1  A value that is read has exactly the described fields: unknown ones are refused, not dropped, so
 *     that two readers never see two meanings in one body.
 * H2  Amounts come out as bigint, however small; everything else comes out as it came in.
 * H3  Reading never throws and never writes to the value it is given.
 *
 * JSON Schemas describe the DAG-JSON rendering of a body: integers as numbers, bytes as
 * `{"/": {"bytes": base64}}`.
 */

import { INTEGER_MAX } from "#envelope/canonical.ts";
import { isCid } from "#envelope/cid.ts";
import { isDid } from "#envelope/did.ts";
import type { Cid, Credits, Did } from "./words.ts";

/** Why a value is not what its schema describes, and where in it. */
export class Mismatch {
  readonly path: string;
  readonly why: string;

  constructor(why: string, path = "") {
    this.why = why;
    this.path = path;
  }

  /** The same, seen from the value that holds the mismatch under `key`. */
  under(key: string | number): Mismatch {
    return new Mismatch(this.why, this.path === "" ? `${key}` : `${key}.${this.path}`);
  }
}

/** A JSON Schema as plain data; a bigint is written as an integer. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Schema<T> {
  readonly read: (value: unknown) => T | Mismatch;
  readonly json: JsonObject;
}

/** A field that may be absent. */
export interface Optional<T> {
  readonly optional: Schema<T>;
}
export const optional = <T>(schema: Schema<T>): Optional<T> => ({ optional: schema });

/** The same schema with a sentence for the pages. */
export const about = <T>(sentence: string, schema: Schema<T>): Schema<T> => ({
  read: schema.read,
  json: { ...schema.json, description: sentence },
});

export const literal = <const T extends string | boolean>(value: T): Schema<T> => {
  const wrong = new Mismatch(`must be ${JSON.stringify(value)}`);
  return { read: (given) => (given === value ? value : wrong), json: { const: value } };
};

export const oneOf = <const T extends string>(...values: readonly T[]): Schema<T> => {
  const wrong = new Mismatch(`must be one of ${values.join(", ")}`);
  const known: ReadonlySet<unknown> = new Set(values);
  return {
    read: (given) => (known.has(given) ? (given as T) : wrong),
    json: { enum: values },
  };
};

export const flag: Schema<boolean> = {
  read: (given) => (typeof given === "boolean" ? given : new Mismatch("must be true or false")),
  json: { type: "boolean" },
};

/** An integer in a range, both ends included. */
export const integer = (least: number, most: number = Number.MAX_SAFE_INTEGER): Schema<number> => {
  const wrong = new Mismatch(`must be an integer ${least} … ${most}`);
  return {
    read: (given) =>
      typeof given === "number" && Number.isSafeInteger(given) && given >= least && given <= most
        ? given
        : wrong,
    json: { type: "integer", minimum: least, maximum: most },
  };
};

/** Micro-credits, widened to bigint (H2). */
export const credits = (least: Credits): Schema<Credits> => {
  const wrong = new Mismatch(`must be ${least} … 2^63 − 1 micro-credits, an integer`);
  return {
    read: (given) => {
      if (typeof given === "number") {
        if (!Number.isSafeInteger(given)) return wrong;
        const wide = BigInt(given);
        return wide >= least ? wide : wrong;
      }
      if (typeof given !== "bigint") return wrong;
      return given >= least && given <= INTEGER_MAX ? given : wrong;
    },
    json: { type: "integer", minimum: least, maximum: INTEGER_MAX },
  };
};

/** Text; lengths in UTF-16 units. */
export const text = (least: number, most: number, pattern?: RegExp): Schema<string> => {
  const wrong = new Mismatch(
    `must be text of ${least} … ${most} units${pattern === undefined ? "" : ` like ${pattern.source}`}`,
  );
  return {
    read: (given) =>
      typeof given === "string" &&
      given.length >= least &&
      given.length <= most &&
      (pattern === undefined || pattern.test(given))
        ? given
        : wrong,
    json: {
      type: "string",
      minLength: least,
      maxLength: most,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
    },
  };
};

/** Bytes of one length, or of a range of lengths. */
export const bytes = (least: number, most: number = least): Schema<Uint8Array> => {
  const wrong = new Mismatch(`must be ${least === most ? `${least}` : `${least} … ${most}`} bytes`);
  const base64Units = (count: number): number => Math.ceil((count * 4) / 3);
  const inner = {
    type: "string",
    contentEncoding: "base64",
    minLength: base64Units(least),
    maxLength: base64Units(most),
  };
  return {
    read: (given) =>
      given instanceof Uint8Array && given.length >= least && given.length <= most ? given : wrong,
    json: closed({ "/": closed({ bytes: inner }, ["bytes"]) }, ["/"]),
  };
};

const NO_CID = new Mismatch("must be a CIDv1 (dag-cbor or raw, sha2-256) in base32");
export const cid: Schema<Cid> = {
  read: (given) => (typeof given === "string" && isCid(given) ? given : NO_CID),
  json: { type: "string", pattern: "^baf[yk]rei[a-h][a-z2-7]{50}[aeimquy4]$" },
};

const NO_DID = new Mismatch("must be a did:key of Ed25519");
export const did: Schema<Did> = {
  read: (given) => (typeof given === "string" && isDid(given) ? given : NO_DID),
  json: { type: "string", pattern: "^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$" },
};

/** Any value that canonical bytes can hold; its size is bounded by the envelope's. */
export const anything: Schema<unknown> = {
  read: (given) => (given === undefined ? new Mismatch("must be there") : given),
  json: {},
};

/** The JSON Schema of a map with no other fields than these. */
export const closed = (properties: JsonObject, needed: readonly string[]): JsonObject => ({
  type: "object",
  properties,
  required: needed,
  additionalProperties: false,
});

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array);
