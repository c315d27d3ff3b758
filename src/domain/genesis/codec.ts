/** The genesis as canonical bytes: what every supervisor shares, byte for byte. */

import { decode, encode } from "#envelope/canonical.ts";
import { Malformed } from "#envelope/malformed.ts";
import type { Genesis, Parameters } from "./genesis.ts";
import { networkParameters } from "./profiles.ts";

/**
 * Fields that came later, and what held before they were there. A genesis does not name what it has in common
 * with them: its bytes are those of before, and older programs read them.
 */
const CAME_LATER: Partial<Parameters> = { registryPublishMs: 10_000 };

export const encodeGenesis = (genesis: Genesis): Uint8Array => {
  const named = Object.entries(genesis.parameters).filter(
    ([name, value]) => CAME_LATER[name as keyof Parameters] !== value,
  );
  return encode({ ...genesis, parameters: Object.fromEntries(named) });
};

/** Amounts are widened to bigint; throws Malformed on bytes that `encodeGenesis` could not make. */
export const decodeGenesis = (bytes: Uint8Array): Genesis => {
  const genesis = like(whole(decode(bytes)), MODEL, "genesis") as Genesis;
  const { version, parameters } = genesis;
  if (version !== 1) throw new Malformed(`a genesis of version ${String(version)}`);
  if (!PROFILES.has(parameters.profile)) throw new Malformed("an unknown profile");
  if (!MODES.has(parameters.auctionMode)) throw new Malformed("an unknown auctionMode");
  return genesis;
};

/** Any genesis: its fields and their kinds are those of all others. */
const MODEL: Genesis = {
  version: 1,
  name: "",
  nonce: new Uint8Array(),
  operator: "",
  createdAtMs: 0,
  minted: 0n,
  parameters: networkParameters,
  policy: "",
};
const PROFILES: ReadonlySet<unknown> = new Set(["network", "local"]);
const MODES: ReadonlySet<unknown> = new Set(["open", "sealed"]);

/** What is no genesis stays what it is. */
const whole = (value: unknown): unknown => {
  const { parameters } = (value ?? {}) as { readonly parameters?: unknown };
  if (typeof parameters !== "object" || parameters === null) return value;
  return { ...(value as object), parameters: { ...CAME_LATER, ...parameters } };
};

/** The value, if it has the fields of the model and no others; where the model has a bigint, a bigint. */
const like = (value: unknown, model: unknown, path: string): unknown => {
  if (typeof model === "bigint" && Number.isSafeInteger(value)) return BigInt(value as number);
  if (typeof value !== typeof model || value === null)
    throw new Malformed(`${path} is no ${typeof model}`);
  if (typeof model !== "object" || model === null) return value;
  if (model instanceof Uint8Array || value instanceof Uint8Array || Array.isArray(value)) {
    if (model instanceof Uint8Array && value instanceof Uint8Array) return value;
    throw new Malformed(`${path} is of another kind`);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields))
    if (!Object.hasOwn(model, name)) throw new Malformed(`${path} has a field ${name}`);
  return Object.fromEntries(
    Object.entries(model).map(([name, part]) => [
      name,
      like(fields[name], part, `${path}.${name}`),
    ]),
  );
};
