/** Three ways to verify, one acceptance rule (acceptance.ts): they agree on every input. */

import type { Verifier } from "../keys.ts";
import { nodeSuite } from "./node.ts";
import { sodiumSuite } from "./sodium.ts";

export interface SignatureSuite extends Verifier {
  readonly name: "sodium" | "node" | "noble";
}

/** libsodium where it can be loaded, else node:crypto, which takes twice as long. */
export const bestSuite = (): SignatureSuite => sodiumSuite ?? nodeSuite;
