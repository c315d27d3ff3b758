/** What probes give to a file's functions, and how what comes back is written down. */

const DEPTH_MAX = 4;
const KEYS_MAX = 60;
const TEXT_UNITS_MAX = 4_000;
const LITERALS_MAX = 12;

/** Their messages are the engine's and name variables, which a minifier may rename. */
const ENGINE_ERRORS = new Set(["TypeError", "ReferenceError", "RangeError", "SyntaxError"]);

/** Own properties by name. Functions' names and sources are a minifier's to change, so not told. */
export const describe = (value: unknown, depth = 0): string => {
  if (typeof value === "string") return JSON.stringify(value.slice(0, TEXT_UNITS_MAX));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function" && depth >= DEPTH_MAX) return "function";
  if ((typeof value !== "object" && typeof value !== "function") || value === null)
    return Object.is(value, -0) ? "-0" : String(value);
  if (depth >= DEPTH_MAX) return "…";
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (tag === "Error") return describeError(value as Error);
  if (tag === "Date" || tag === "RegExp") return `${tag} ${String(value)}`;
  if (tag === "Map" || tag === "Set")
    return `${tag} ${describe([...(value as Set<unknown>)], depth + 1)}`;
  const names = Object.getOwnPropertyNames(value).filter(
    (name) =>
      typeof value !== "function" ||
      !["length", "name", "prototype", "caller", "arguments"].includes(name),
  );
  const told = names.slice(0, KEYS_MAX).map((name) => {
    const own = Object.getOwnPropertyDescriptor(value, name);
    let inner: unknown;
    try {
      inner = (value as Record<string, unknown>)[name];
    } catch {
      inner = "a getter that throws";
    }
    return `${name}${own?.enumerable === true ? "" : "!"}: ${describe(inner, depth + 1)}`;
  });
  return `${tag}{${told.join(", ")}}`;
};

const describeError = (error: Error): string => {
  const name = String(error.name);
  return ENGINE_ERRORS.has(name) ? name : `${name} ${describe(error.message)}`;
};

const FIXED: readonly (readonly unknown[])[] = [
  [],
  ["a"],
  ["abc", "b"],
  ["b", "abc", 1],
  [0],
  [1, 2],
  [2, 1, 3],
  [-1.5],
  [Number.NaN],
  [true],
  [null],
  [[3, 1, 2]],
  [[], [1]],
  [{ a: 1 }],
  [{ a: { b: [1] } }, { a: { b: [2] } }],
  [{ a: 1 }, "a"],
  ["1 2 3", " "],
];

/** The same lists for every variant of a file: fixed ones, and the texts and numbers that stand in it. */
export const argumentsFor = (original: string): unknown[][] => {
  const texts = [...original.matchAll(/"([^"\\\n]{1,40})"|'([^'\\\n]{1,40})'/g)].map(
    (match) => match[1] ?? match[2]!,
  );
  const numbers = [...original.matchAll(/\b\d{1,6}\b/g)].map(([text]) => Number(text));
  const own: unknown[] = [...new Set<unknown>([...texts, ...numbers])].slice(0, LITERALS_MAX);
  return [...FIXED.map((args) => [...args]), ...own.map((one) => [one]), ...pairs(own)];
};

const pairs = (own: readonly unknown[]): unknown[][] => own.slice(1).map((one, n) => [own[n], one]);
