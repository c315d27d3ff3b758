/**
 * An epoch's signing key and draw secret, derived from the operator's master seed: whoever holds the
 * data folder can sign the heads of its last epoch and can open the secret of an epoch that crashed.
 */

import { createHmac } from "node:crypto";
import type { Epoch } from "#ports/store.ts";

const derive = (master: Uint8Array, what: string, { generation, revision }: Epoch): Uint8Array =>
  createHmac("sha256", master).update(`canswarm/v1/${what}\0${generation}\0${revision}`).digest();

export const epochSeed = (master: Uint8Array, epoch: Epoch): Uint8Array =>
  derive(master, "epoch-key", epoch);
export const epochSecret = (master: Uint8Array, epoch: Epoch): Uint8Array =>
  derive(master, "epoch-draw", epoch);
