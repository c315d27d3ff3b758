/** From bytes of a connection to inputs: parsed, routed, and their signatures checked in bulk. */

import { decodeSigned, verifyAll } from "#envelope/envelope.ts";
import type { Verifier } from "#envelope/keys.ts";
import { Malformed } from "#envelope/malformed.ts";
import { admittedOf } from "../bucket/admitted.ts";
import type { Admitted, Application } from "../bucket/application.ts";
import type { TurnInput } from "../bucket/input.ts";

export interface Wire {
  readonly connection: number;
  readonly wire: Uint8Array;
}

/** One that waited: in whose lane (inbox.ts). */
export interface Waited extends Wire {
  readonly lane: string;
}

export interface Addressed {
  readonly bucket: number;
  readonly input: TurnInput;
}

export interface Gate {
  readonly app: Application;
  readonly verifier: Verifier;
  readonly leads: (bucket: number) => boolean;
  /** What is for a bucket that others lead; true: it is on its way there. */
  readonly astray?: (wire: Wire, bucket: number) => boolean;
  /** What cannot be believed to come from anybody: answered without a signature. */
  readonly reject: (wire: Wire, code: string, detail: string) => void;
}

interface Parsed {
  readonly admitted: Admitted;
  readonly bucket: number;
}

export const verifyWires = (gate: Gate, wires: readonly Waited[]): Addressed[] => {
  if (wires.length === 0) return [];
  const parsed: (Parsed & { readonly wire: Waited })[] = [];
  for (const wire of wires) {
    const result = parse(gate, wire);
    if (result === undefined) continue;
    if ("code" in result) gate.reject(wire, result.code, result.detail);
    else parsed.push({ wire, ...result });
  }
  const verdicts = verifyAll(
    parsed.map((p) => p.admitted.signed),
    parsed.map((p) => p.admitted.envelope.from),
    gate.verifier,
  );
  const inputs: Addressed[] = [];
  for (const [i, { wire, admitted, bucket }] of parsed.entries()) {
    const { connection, lane } = wire;
    if (verdicts[i] === true)
      inputs.push({ bucket, input: { kind: "envelope", admitted, connection, lane } });
    else gate.reject(wire, "SIGNATURE_INVALID", "the signature does not verify");
  }
  return inputs;
};

/** Undefined: it was for somebody else, and is on its way there. */
const parse = (gate: Gate, wire: Wire): Parsed | { code: string; detail: string } | undefined => {
  try {
    const admitted = admittedOf(gate.app, decodeSigned(wire.wire));
    const { code, detail = "" } = gate.app.door(admitted) ?? {};
    if (code !== undefined) return { code, detail };
    const bucket = gate.app.route(admitted.thread);
    if (bucket === undefined || !gate.leads(bucket)) {
      if (bucket !== undefined && gate.astray?.(wire, bucket) === true) return undefined;
      return { code: "MALFORMED", detail: "no such thread here" };
    }
    return { admitted, bucket };
  } catch (error) {
    if (error instanceof Malformed) return { code: error.code, detail: error.message };
    throw error;
  }
};
