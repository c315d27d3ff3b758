import fc from "fast-check";
import { expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { signEnvelopes, verifySigned } from "#envelope/envelope.ts";
import { publicKeyOf } from "#envelope/did.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { packReceipts, receiptsIn } from "#runtime/threads/receipt-batch.ts";

const signer = signerFromSeed(new Uint8Array(32).fill(7));
const suite = bestSuite();

it("gives each receipt back to whom it is for, and proves it by the one signature", () => {
  const receipt = fc.record({
    to: fc.string(),
    bytes: fc.record({ envelope: fc.string(), seq: fc.nat() }).map(encode),
  });
  fc.assert(
    fc.property(fc.array(receipt, { minLength: 1, maxLength: 40 }), (receipts) => {
      const batch = structuredClone(packReceipts(receipts, signer));
      const got = [...receiptsIn(batch)];
      expect(got).toEqual(receipts);
      const leaves = got.map(({ bytes }) => bytes);
      const key = publicKeyOf(signer.did) ?? new Uint8Array(0);
      for (const { bytes, size, index, path, id } of signEnvelopes(leaves, signer)) {
        const one = { id, bytes, size, index, path, signature: batch.signature };
        expect(verifySigned(one, key, suite)).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

it("crosses to another thread without what its parts lie in", () => {
  const receipts = Array.from({ length: 3 }, (_, seq) => ({ to: "a", bytes: encode({ seq }) }));
  const { packed, signature } = structuredClone(packReceipts(receipts, signer));
  const cloned = packed.buffer.byteLength + signature.buffer.byteLength;
  expect(cloned).toBeLessThan(1_024);
});
