/** The id of a swarm: its name and the digest of its genesis, so that two swarms never mix. */

import { hex, sha256 } from "./cid.ts";
import { Malformed } from "./malformed.ts";

/** Units of a swarm's name. */
export const SWARM_NAME_UNITS_MAX = 63;

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ID = /^[a-z0-9][a-z0-9-]{0,62}\.[0-9a-f]{16}$/;

export const isSwarmName = (name: string): boolean => NAME.test(name);
export const isSwarmId = (text: string): boolean => ID.test(text);

/** `<name>.<first 16 hex digits of sha2-256 of the canonical bytes of the genesis>`. */
export const swarmIdOf = (name: string, genesisBytes: Uint8Array): string => {
  if (!isSwarmName(name)) throw new Malformed("a swarm's name is a-z, 0-9 and -, at most 63");
  return `${name}.${hex(sha256(genesisBytes)).slice(0, 16)}`;
};
