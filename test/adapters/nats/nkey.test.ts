import fc from "fast-check";
import { nkeys } from "nats";
import { expect, it } from "vitest";
import { signerFromSeed } from "#envelope/keys.ts";
import { isUserNkey, nkeyOf, signerAuthenticator } from "#adapters/nats/nkey.ts";

const SEED = new Uint8Array(32).fill(7);

it("names every key as NATS does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
      const nkey = nkeyOf(signerFromSeed(seed).publicKey);
      expect(() => nkeys.fromPublic(nkey)).not.toThrow();
      expect(isUserNkey(nkey)).toBe(true);
    }),
  );
});

it("signs a nonce so that it verifies under the name", () => {
  const signer = signerFromSeed(SEED);
  const { nkey, sig } = signerAuthenticator(signer)("oRbGv1yr2dNxvVM") as {
    nkey: string;
    sig: string;
  };
  const key = nkeys.fromPublic(nkey);
  const nonce = new TextEncoder().encode("oRbGv1yr2dNxvVM");
  expect(key.verify(nonce, new Uint8Array(Buffer.from(sig, "base64url")))).toBe(true);
});

it.each(["", "short", "canswarm/v1/root\0", "x".repeat(65), "a nonce of 15 c", undefined])(
  "signs nothing that is no nonce: %j",
  (nonce) => {
    const sign = (): never => {
      throw new Error("it was signed");
    };
    expect(signerAuthenticator({ publicKey: SEED, sign })(nonce)).toBeUndefined();
  },
);
