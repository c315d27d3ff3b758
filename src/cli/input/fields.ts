/** Reads the fields of one untrusted object and says, for each that is wrong, what and where. */

import { Mismatch, type Schema } from "#protocol/schema.ts";
import type { Credits } from "#protocol/words.ts";
import { parseAmount } from "./amount.ts";
import { problem, type Problem } from "./bad-line.ts";

export type JsonObject = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// oxlint-disable-next-line no-control-regex -- texts are printed on terminals and stand in file names
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const SHOWN_MAX = 40;

/** A value in a sentence, on one line and short. */
export const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
};

export class Fields {
  readonly #object: JsonObject;
  readonly #report: (field: string, what: Problem) => void;
  readonly #known = new Set<string>();

  constructor(object: JsonObject, report: (field: string, what: Problem) => void) {
    this.#object = object;
    this.#report = report;
  }

  /** The raw value; undefined (and, if required, reported) where there is none. */
  value(name: string, need: "required" | "optional"): unknown {
    this.#known.add(name);
    const value = this.#object[name];
    if (value === undefined && need === "required")
      this.#report(name, problem("FIELD_MISSING", `"${name}" is missing`));
    return value;
  }

  /** Text that can stand on a terminal and in an envelope; `unitsMax` is what the verb allows. */
  text(name: string, need: "required" | "optional", unitsMax: number): string | undefined {
    const value = this.value(name, need);
    if (value === undefined) return undefined;
    const isText = typeof value === "string" && value.trim() !== "" && !CONTROL.test(value);
    if (isText && value.length <= unitsMax && value.isWellFormed()) return value;
    const wanted = `Unicode text of 1 to ${unitsMax} characters without control characters`;
    return this.invalid(name, `"${name}" is ${show(value)}, not ${wanted}`);
  }

  /** A value as the schema of a verb has it. */
  like<T>(name: string, need: "required" | "optional", schema: Schema<T>): T | undefined {
    const value = this.value(name, need);
    if (value === undefined) return undefined;
    const read = schema.read(value);
    if (!(read instanceof Mismatch)) return read;
    return this.invalid(name, `"${name}" is ${show(value)}, which ${read.why}`);
  }

  amount(name: string, need: "required" | "optional"): Credits | undefined {
    const value = this.value(name, need);
    if (value === undefined) return undefined;
    const amount = typeof value === "string" ? parseAmount(value) : undefined;
    if (amount !== undefined) return amount;
    const sentence = `"${name}" is ${show(value)}, which is no amount of credits`;
    this.#report(
      name,
      typeof value === "number"
        ? problem("AMOUNT_INVALID", sentence, `write it as a string: "${value}"`)
        : problem("AMOUNT_INVALID", sentence),
    );
    return undefined;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.value(name, "optional");
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number;
    const wanted = `a whole number from ${min} to ${max}`;
    return this.invalid(name, `"${name}" is ${show(value)}, not ${wanted}`, `write ${wanted}`);
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name, "optional");
    if (value === undefined || typeof value === "boolean") return value;
    return this.invalid(name, `"${name}" is ${show(value)}, not true or false`);
  }

  oneOf<T extends string>(
    name: string,
    values: readonly T[],
    need: "required" | "optional",
  ): T | undefined {
    const value = this.value(name, need);
    if (value === undefined) return undefined;
    const found = values.find((one) => one === value);
    const wanted = values.map((one) => `"${one}"`).join(", ");
    return found ?? this.invalid(name, `"${name}" is ${show(value)}`, `write one of ${wanted}`);
  }

  report(name: string, what: Problem): void {
    this.#report(name, what);
  }

  invalid(name: string, sentence: string, remedy?: string): undefined {
    this.#report(name, problem("FIELD_INVALID", sentence, remedy));
    return undefined;
  }

  /** Whatever nobody asked for is unknown: a misspelt field must not be silently ignored. */
  rejectUnknown(): void {
    for (const name of Object.keys(this.#object))
      if (!this.#known.has(name))
        this.#report(name, problem("FIELD_UNKNOWN", `${show(name)} is not a known field`));
  }
}
