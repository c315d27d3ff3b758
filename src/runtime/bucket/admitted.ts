/** From a verified envelope to what actors hear: its body parsed, its thread named. */

import { decodeEnvelope, threadOf, type SignedEnvelope } from "#envelope/envelope.ts";
import { Malformed } from "#envelope/malformed.ts";
import type { Admitted, Application } from "./application.ts";

/** Throws Malformed. The signature is not looked at: admission did that, and the log is its verdict. */
export const admittedOf = (app: Application, signed: SignedEnvelope): Admitted => {
  const envelope = decodeEnvelope(signed.bytes);
  const parsed = app.parse(envelope.verb, envelope.body);
  if ("malformed" in parsed) throw new Malformed(parsed.malformed);
  const thread = threadOf(envelope, signed.id);
  return { signed, envelope: { ...envelope, body: parsed.body }, thread };
};
