/**
 * E6: no acknowledged envelope is lost, and none takes effect twice. An ACK that was seen on the wire
 * names a place in the final log which holds that envelope, under a head that was durable by then.
 */

import { envelopes, logsOf } from "./log-reader.ts";
import type { Checker, Observation, Violation } from "./observation.ts";

interface Ack {
  readonly kind: string;
  readonly envelope: string;
  readonly bucket: number;
  readonly seq: number;
  readonly head: string;
  readonly first?: string;
}

/** When each record was applied, by its hash. */
const appliedAt = ({ commits }: Observation): ReadonlyMap<string, number> => {
  const times = new Map<string, number>();
  for (const { records, outcome, atMs } of commits)
    if (outcome === "applied") for (const hash of records) times.set(hash, atMs);
  return times;
};

const twice = (observation: Observation): Violation[] => {
  const violations: Violation[] = [];
  const ids = new Set<string>();
  const nonces = new Map<string, string>();
  for (const { bucket, id, from, thread, nonce } of envelopes(logsOf(observation))) {
    if (ids.has(id))
      violations.push({ property: "E6", bucket, what: `${id} is in the logs twice` });
    ids.add(id);
    const place = `${from} ${thread} ${nonce}`;
    const other = nonces.get(place);
    if (other !== undefined && other !== id)
      violations.push({ property: "E6", bucket, what: `${id} and ${other} share nonce ${nonce}` });
    nonces.set(place, id);
  }
  return violations;
};

const acknowledged = (observation: Observation): Violation[] => {
  const violations: Violation[] = [];
  const { ofBucket, records } = logsOf(observation);
  const times = appliedAt(observation);
  const hashes = new Map(
    [...records].map(([bucket, list]) => [bucket, new Set(list.map(({ hash }) => hash))]),
  );
  for (const output of observation.outputs) {
    if (output.kind !== "receipt") continue;
    const ack = output.receipt as Ack;
    if (ack.kind !== "ack") continue;
    const { bucket, seq, head, envelope } = ack;
    const bad = (what: string): void =>
      void violations.push({ property: "E6", bucket, what: `the ACK of ${envelope} ${what}` });
    const entry = ofBucket.get(bucket)?.[seq];
    if (entry?.kind !== "envelope" || entry.id !== envelope)
      bad(`names position ${seq}, which does not hold it`);
    if (hashes.get(bucket)?.has(head) !== true) bad(`names a head that is not on the chain`);
    else if (times.size > 0 && (times.get(head) ?? Infinity) > output.atMs)
      bad(`left at ${output.atMs} ms, before its head was durable`);
  }
  return violations;
};

export const receipts: Checker = {
  property: "E6",
  check: (observation) => ({
    kind: "checked",
    violations: [...twice(observation), ...acknowledged(observation)],
    ...(observation.outputs.length > 0 ? {} : { without: "no receipt was seen on a wire" }),
  }),
};
