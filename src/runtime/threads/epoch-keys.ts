/**
 * An epoch's signing key and draw secret, derived from the operator's master seed: whoever holds the
 * data folder can sign the heads of its last epoch and can open the secret of an epoch that crashed.
 */

import { createHmac } from "node:crypto";
import { hmacOf } from "#envelope/hmac.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import type { Epoch } from "#ports/store.ts";

const derive = (master: Uint8Array, what: string, { generation, revision }: Epoch): Uint8Array =>
  createHmac("sha256", master).update(`canswarm/v1/${what}\0${generation}\0${revision}`).digest();

export const epochSeed = (master: Uint8Array, epoch: Epoch): Uint8Array =>
  derive(master, "epoch-key", epoch);
export const epochSecret = (master: Uint8Array, epoch: Epoch): Uint8Array =>
  derive(master, "epoch-draw", epoch);

/** Keys of the epochs under which buckets are led at the moment; the oldest are derived again. */
export const EPOCHS_KEPT_MAX = 64;

interface Keys {
  readonly signer: Signer;
  readonly secret: Uint8Array;
  /** A hash that only the epoch's leader can have made, until the secret is logged. */
  readonly chance: (label: Uint8Array) => Uint8Array;
}

export class EpochKeys {
  readonly #master: Uint8Array;
  readonly #kept = new Map<string, Keys>();

  constructor(master: Uint8Array) {
    this.#master = master;
  }

  of(epoch: Epoch): Keys {
    const name = `${epoch.generation}.${epoch.revision}`;
    let keys = this.#kept.get(name);
    if (keys === undefined) {
      const signer = signerFromSeed(epochSeed(this.#master, epoch));
      const secret = epochSecret(this.#master, epoch);
      keys = { signer, secret, chance: hmacOf(secret) };
      this.#kept.set(name, keys);
      if (this.#kept.size > EPOCHS_KEPT_MAX) {
        const oldest = this.#kept.keys().next();
        if (oldest.done !== true) this.#kept.delete(oldest.value);
      }
    }
    return keys;
  }
}
