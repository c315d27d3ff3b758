/** Schemas of lists and maps; see schema.ts for the rules they keep. */

import { closed, isMap, Mismatch, type Optional, type Schema } from "./schema.ts";

export const anyMap: Schema<Readonly<Record<string, unknown>>> = {
  read: (given) => (isMap(given) ? given : NO_MAP),
  json: { type: "object" },
};

export const list = <T>(
  element: Schema<T>,
  most: number,
  options: { readonly least?: number; readonly unique?: boolean } = {},
): Schema<readonly T[]> => {
  const { least = 0, unique = false } = options;
  const wrong = new Mismatch(`must be a list of ${least} … ${most}`);
  return {
    read: (given) => {
      if (!Array.isArray(given) || given.length < least || given.length > most) return wrong;
      const values: T[] = [];
      for (let index = 0; index < given.length; index++) {
        const value = element.read(given[index]);
        if (value instanceof Mismatch) return value.under(index);
        values.push(value);
      }
      if (unique && new Set(values).size !== values.length) return new Mismatch("must not repeat");
      return values;
    },
    json: {
      type: "array",
      items: element.json,
      minItems: least,
      maxItems: most,
      ...(unique ? { uniqueItems: true } : {}),
    },
  };
};

type Fields = { readonly [key: string]: Schema<unknown> | Optional<unknown> };
type FieldOf<F> = F extends Schema<infer T> ? T : never;
export type ObjectOf<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Schema<unknown> ? K : never]: FieldOf<F[K]>;
} & {
  readonly [K in keyof F as F[K] extends Optional<unknown> ? K : never]?: F[K] extends Optional<
    infer T
  >
    ? T
    : never;
};

const NO_MAP = new Mismatch("must be a map");
const MISSING = new Mismatch("is missing");
const UNKNOWN = new Mismatch("is not a field");

/** A map with exactly these fields (H1). */
export const object = <F extends Fields>(fields: F): Schema<ObjectOf<F>> => {
  const entries = Object.entries(fields).map(([key, field]) => ({
    key,
    needed: !("optional" in field),
    read: ("optional" in field ? field.optional : field).read,
  }));
  const known = new Set(Object.keys(fields));
  const read = (given: unknown): ObjectOf<F> | Mismatch => {
    if (!isMap(given)) return NO_MAP;
    const value: Record<string, unknown> = {};
    let found = 0;
    for (const { key, needed, read: readField } of entries) {
      const field = given[key];
      if (field === undefined) {
        if (needed) return MISSING.under(key);
        continue;
      }
      const kept = readField(field);
      if (kept instanceof Mismatch) return kept.under(key);
      value[key] = kept;
      found++;
    }
    let present = 0;
    for (const _ in given) present++;
    if (present !== found) {
      for (const key in given) if (!known.has(key)) return UNKNOWN.under(key.slice(0, 32));
    }
    return value as ObjectOf<F>;
  };
  const needed = entries.filter((entry) => entry.needed).map(({ key }) => key);
  const properties = Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [
      key,
      ("optional" in field ? field.optional : field).json,
    ]),
  );
  return { read, json: closed(properties, needed) };
};

type Choices = { readonly [key: string]: Schema<unknown> };
export type KeyedOf<C extends Choices> = {
  readonly [K in keyof C]: { readonly [P in K]: FieldOf<C[K]> };
}[keyof C];

/** A map with exactly one of these fields; the field's name says which kind it is. */
export const keyed = <C extends Choices>(choices: C): Schema<KeyedOf<C>> => {
  const names = Object.keys(choices);
  const wrong = new Mismatch(`must have exactly one of ${names.join(", ")}`);
  const known = new Map(Object.entries(choices));
  return {
    read: (given) => {
      if (!isMap(given)) return NO_MAP;
      const [name, ...others] = Object.keys(given);
      const choice = name === undefined ? undefined : known.get(name);
      if (name === undefined || choice === undefined || others.length > 0) return wrong;
      const value = choice.read(given[name]);
      if (value instanceof Mismatch) return value.under(name);
      return { [name]: value } as KeyedOf<C>;
    },
    json: {
      oneOf: Object.entries(choices).map(([name, choice]) =>
        closed({ [name]: choice.json }, [name]),
      ),
    },
  };
};

type Variants = { readonly [name: string]: Schema<unknown> };

/** Maps that a text field `by` tells apart; each variant's schema has that field as its literal. */
export const variant = <V extends Variants>(
  by: string,
  variants: V,
): Schema<FieldOf<V[keyof V]>> => {
  const known = new Map(Object.entries(variants));
  const wrong = new Mismatch(`must be one of ${[...known.keys()].join(", ")}`, by);
  return {
    read: (given) => {
      if (!isMap(given)) return NO_MAP;
      const name = given[by];
      const chosen = typeof name === "string" ? known.get(name) : undefined;
      return chosen === undefined ? wrong : (chosen.read(given) as FieldOf<V[keyof V]> | Mismatch);
    },
    json: { oneOf: Object.values(variants).map(({ json }) => json) },
  };
};
