import { expect, it } from "vitest";
import { signerFromSeed } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { Notary } from "#sim/world/notary.ts";

const text = new TextEncoder();
const plain = signerFromSeed(new Uint8Array(32).fill(1));
const stranger = signerFromSeed(new Uint8Array(32).fill(2));

/** One case, as the notary and as the product's own verifier see it. */
const verdicts = (
  notary: Notary,
  ...[key, message, signature]: [Uint8Array, Uint8Array, Uint8Array]
): readonly boolean[] => [
  notary.verifier.verify(key, message, signature),
  bestSuite().verify(key, message, signature),
];

it("signs as the signer does, and says of every triple what the product's verifier says", () => {
  const notary = new Notary();
  const signer = notary.witness(plain);
  const message = text.encode("a word");
  const signature = signer.sign(message);
  expect(signature).toEqual(plain.sign(message));
  expect(verdicts(notary, signer.publicKey, message, signature)).toEqual([true, true]);
  const other = text.encode("another word");
  expect(verdicts(notary, signer.publicKey, other, signature)).toEqual([false, false]);
  expect(verdicts(notary, stranger.publicKey, message, signature)).toEqual([false, false]);
  const forged = signature.slice();
  forged[40] = (forged[40] ?? 0) ^ 1;
  expect(verdicts(notary, signer.publicKey, message, forged)).toEqual([false, false]);
  const unseen = stranger.sign(message);
  expect(verdicts(notary, stranger.publicKey, message, unseen)).toEqual([true, true]);
});

it("keeps what was signed, whatever becomes of the buffer", () => {
  const notary = new Notary();
  const signer = notary.witness(plain);
  const message = text.encode("a word");
  const signature = signer.sign(message);
  message.fill(0);
  expect(verdicts(notary, signer.publicKey, message, signature)).toEqual([false, false]);
  expect(verdicts(notary, signer.publicKey, text.encode("a word"), signature)).toEqual([
    true,
    true,
  ]);
});
