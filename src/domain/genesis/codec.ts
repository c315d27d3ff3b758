/** The genesis as canonical bytes: what every supervisor shares, byte for byte. */

import { decode, encode } from "#envelope/canonical.ts";
import type { Tier } from "#protocol/words.ts";
import type { Genesis, Parameters, TierRules } from "./genesis.ts";

export const encodeGenesis = (genesis: Genesis): Uint8Array => encode(genesis);

/** Amounts are widened to bigint; throws Malformed on bytes that `encodeGenesis` could not make. */
export const decodeGenesis = (bytes: Uint8Array): Genesis => {
  const plain = decode(bytes) as Genesis;
  const { parameters } = plain;
  const tiers = Object.fromEntries(
    Object.entries(parameters.tiers).map(([tier, rules]) => [
      tier,
      { ...rules, bountyMax: BigInt(rules.bountyMax) },
    ]),
  ) as Record<Tier, TierRules>;
  const widened: Parameters = {
    ...parameters,
    verifyStakeMin: BigInt(parameters.verifyStakeMin),
    challengeStakeMin: BigInt(parameters.challengeStakeMin),
    tiers,
  };
  return { ...plain, minted: BigInt(plain.minted), parameters: widened };
};
