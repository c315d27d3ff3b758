/**
 * How values pass between two realms of the sandbox as text: JavaScript source that defines `pack` and
 * `unpack`, the same on both sides. Everything that tests compare is kept: undefined, NaN, infinities,
 * −0, big integers, dates, maps, sets, and objects' own properties. What is no value (a function, a
 * symbol, a circle) cannot pass and throws.
 *
 * A text from the other realm is whatever its author likes: `unpack` makes plain values of it or throws.
 */

export const COPYING = `
const packed = (value, depth) => {
  if (depth > 1000) throw new TypeError("a value goes too deep or round in a circle");
  const inner = (one) => packed(one, depth + 1);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value
      : { t: "number", v: Object.is(value, -0) ? "-0" : String(value) };
  if (value === undefined) return { t: "undefined" };
  if (typeof value === "bigint") return { t: "bigint", v: String(value) };
  if (typeof value !== "object") throw new TypeError("a " + typeof value + " is no value that can be passed");
  if (Array.isArray(value)) return Array.from(value, inner);
  if (value instanceof Date) return { t: "date", v: inner(value.getTime()) };
  if (value instanceof Map) return { t: "map", v: Array.from(value, inner) };
  if (value instanceof Set) return { t: "set", v: Array.from(value, inner) };
  return { t: "object", v: Object.entries(value).map(([key, one]) => [key, inner(one)]) };
};
const opened = (value) => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(opened);
  const { t, v } = value;
  switch (t) {
    case "undefined": return undefined;
    case "number": return Number(v);
    case "bigint": return BigInt(v);
    case "date": return new Date(opened(v));
    case "map": return new Map(v.map(opened));
    case "set": return new Set(v.map(opened));
    case "object": return Object.fromEntries(v.map(([key, one]) => [String(key), opened(one)]));
    default: throw new TypeError("a text that is no value");
  }
};
const pack = (value) => JSON.stringify(packed(value, 0));
const unpack = (text) => opened(JSON.parse(text));
`;
