/**
 * Signatures of a simulated world. They are the real ones; what was signed in this world with these very
 * bytes is recognised when it comes, and everything else is verified by the equation.
 *
 * N1  `verify` says what the product's own verifier says: a signature that Ed25519 made over a message
 *     holds for that message and key, and no other triple is recognised.
 */

import { Buffer } from "node:buffer";
import type { Signer, Verifier } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";

interface Signed {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

export class Notary {
  readonly #suite: Verifier = bestSuite();
  /** What was signed, by the signature. */
  readonly #signed = new Map<string, Signed>();

  /** The same signer, whose signatures are recognised here. */
  witness(signer: Signer): Signer {
    const { publicKey } = signer;
    return {
      ...signer,
      sign: (message) => {
        const signature = signer.sign(message);
        this.#signed.set(latin1(signature), { publicKey, message: message.slice() });
        return signature;
      },
    };
  }

  readonly verifier: Verifier = {
    verify: (publicKey, message, signature) => {
      const signed = this.#signed.get(latin1(signature));
      const isKnown =
        signed !== undefined &&
        Buffer.compare(signed.publicKey, publicKey) === 0 &&
        Buffer.compare(signed.message, message) === 0;
      return isKnown || this.#suite.verify(publicKey, message, signature);
    },
  };
}
