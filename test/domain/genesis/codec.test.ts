import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { Malformed } from "#envelope/malformed.ts";
import { decodeGenesis, encodeGenesis } from "#domain/genesis/codec.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";

const amount = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const small = fc.bigInt({ min: 0n, max: 3n });
const amounts = fc.oneof(small, amount);
const whole = fc.nat();

const geneses: fc.Arbitrary<Genesis> = fc
  .record({
    profile: fc.constantFrom("network" as const, "local" as const),
    name: fc.string(),
    nonce: fc.uint8Array({ maxLength: 32 }),
    createdAtMs: fc.maxSafeNat(),
    minted: amounts,
    stakes: fc.tuple(amounts, amounts),
    caps: fc.tuple(amounts, amounts, amounts),
    times: fc.tuple(whole, whole),
  })
  .map(({ profile, name, nonce, createdAtMs, minted, stakes, caps, times }) => ({
    version: 1,
    name,
    nonce,
    operator: "did:key:operator",
    createdAtMs,
    minted,
    parameters: parametersOf(profile, {
      verifyStakeMin: stakes[0],
      challengeStakeMin: stakes[1],
      voteMs: times[0],
      tiers: {
        small: { bountyMax: caps[0], challengeWindowMs: times[1] },
        medium: { bountyMax: caps[1] },
        high: { bountyMax: caps[2] },
      },
    }),
    policy: "none",
  }));

describe("a genesis", () => {
  it("comes back from its bytes, amounts of any size as bigint, and gives the same bytes", () => {
    fc.assert(
      fc.property(geneses, (genesis) => {
        const bytes = encodeGenesis(genesis);
        const again = decodeGenesis(bytes);
        expect(again).toEqual(genesis);
        expect(encodeGenesis(again)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it("of before a field came is read with what held then, and its bytes stay the same", () => {
    const [genesis] = fc.sample(geneses, { numRuns: 1, seed: 1 });
    const { registryPublishMs, ...earlier } = genesis!.parameters;
    const bytes = encode({ ...genesis, parameters: earlier });
    expect(registryPublishMs).toBe(10_000);
    expect(decodeGenesis(bytes)).toEqual(genesis);
    expect(encodeGenesis(genesis!)).toEqual(bytes);
    const other = {
      ...genesis!,
      parameters: { ...genesis!.parameters, registryPublishMs: 5_000 },
    };
    expect(decodeGenesis(encodeGenesis(other))).toEqual(other);
  });

  it.each([
    ["no bytes", new Uint8Array()],
    [
      "bytes that are cut short",
      encodeGenesis(fc.sample(geneses, { numRuns: 1, seed: 1 })[0]!).slice(0, -1),
    ],
    ["another value", encode("genesis")],
    ["a map without parameters", encode({ version: 1, minted: 5 })],
    ["parameters without tiers", encode({ version: 1, minted: 5, parameters: {} })],
    ["another version", encode({ ...fc.sample(geneses, { numRuns: 1, seed: 1 })[0]!, version: 2 })],
  ])("is not read from %s", (_name, bytes) => {
    expect(() => decodeGenesis(bytes)).toThrow(Malformed);
  });
});
