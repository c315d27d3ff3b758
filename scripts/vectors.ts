/**
 * Adds to test/vectors/envelopes.json what a new verb needs: one envelope of its example, signed by a
 * fixed seed. What is already there is frozen: it is never written again, so that an old release's bytes
 * must go on to be read.
 *
 *     node scripts/vectors.ts
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hex, unhex } from "#envelope/cid.ts";
import {
  accountThread,
  bucketThread,
  encodeEnvelope,
  signEnvelopes,
  type Envelope,
} from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { NEED_ID } from "#protocol/examples.ts";
import type { ThreadKind } from "#protocol/verb-spec.ts";
import { VERBS } from "#protocol/verbs.ts";

const FILE = new URL("../test/vectors/envelopes.json", import.meta.url);
const SEED = "00".repeat(31) + "07";

interface Vectors {
  readonly seed: string;
  readonly did: string;
  readonly envelopes: {
    readonly verb: string;
    readonly bytes: string;
    readonly id: string;
    readonly signature: string;
  }[];
  /** One signature over all envelopes that there were when it was made, in their order. */
  readonly batch?: {
    readonly size: number;
    readonly signature: string;
    readonly paths: readonly { readonly index: number; readonly path: readonly string[] }[];
  };
}

const signer = signerFromSeed(unhex(SEED));
const THREADS: Readonly<Record<ThreadKind, string | undefined>> = {
  own: undefined,
  need: NEED_ID,
  account: accountThread(signer.did),
  bucket: bucketThread(39),
};

const known: Vectors = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Vectors)
  : { seed: SEED, did: signer.did, envelopes: [] };

const envelopes = [...known.envelopes];
for (const { verb, thread, example } of Object.values(VERBS)) {
  if (envelopes.some((one) => one.verb === verb)) continue;
  const name = THREADS[thread];
  const envelope: Envelope = {
    v: 1,
    swarm: "demo.0123456789abcdef",
    ...(name === undefined ? {} : { thread: name }),
    verb,
    from: signer.did,
    nonce: 1,
    lamport: 2,
    sentAtMs: 1_770_000_000_000,
    expiresAtMs: 1_770_000_600_000,
    policy: "default",
    body: example,
    refs: [],
  };
  const { bytes, id } = encodeEnvelope(envelope);
  const [signed] = signEnvelopes([bytes], signer);
  if (signed === undefined) throw new Error("a batch of one has one member");
  envelopes.push({ verb, bytes: hex(bytes), id, signature: hex(signed.signature) });
}

const batchOf = (): NonNullable<Vectors["batch"]> => {
  const signed = signEnvelopes(
    envelopes.map(({ bytes }) => unhex(bytes)),
    signer,
  );
  const [first] = signed;
  if (first === undefined) throw new Error("there are envelopes");
  const paths = [0, 5, signed.length - 1].map((index) => ({
    index,
    path: (signed[index]?.path ?? []).map(hex),
  }));
  return { size: signed.length, signature: hex(first.signature), paths };
};

const vectors: Vectors = { ...known, envelopes, batch: known.batch ?? batchOf() };
writeFileSync(FILE, `${JSON.stringify(vectors, undefined, 2)}\n`);
