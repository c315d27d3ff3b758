/**
 * P7: each log is one chain of records from nothing to the head, in which positions and log time only
 * grow, and every record says the epoch that was logged before it.
 */

import { hex } from "#envelope/cid.ts";
import { logsOf, type Logs, type SeenRecord } from "./log-reader.ts";
import type { Checker, Observation, Violation } from "./observation.ts";

const ZERO = "0".repeat(64);

const recordsOf = (bucket: number, records: readonly SeenRecord[]): Violation[] => {
  const violations: Violation[] = [];
  const bad = (what: string): void => void violations.push({ property: "P7", bucket, what });
  let [parent, size, atMs] = [ZERO, 0, 0];
  for (const [at, record] of records.entries()) {
    if (record.index !== at) bad(`record ${at} says it is record ${record.index}`);
    if (record.parent !== parent) bad(`record ${at} does not stand on the one before it`);
    if (record.first !== size) bad(`record ${at} begins at ${record.first}, not at ${size}`);
    if (record.atMs < atMs) bad(`log time falls from ${atMs} to ${record.atMs} in record ${at}`);
    [parent, size, atMs] = [record.hash, size + record.size, record.atMs];
  }
  return violations;
};

const epochsOf = (bucket: number, logs: Logs): Violation[] => {
  const violations: Violation[] = [];
  const bad = (what: string): void => void violations.push({ property: "P7", bucket, what });
  const records = logs.records.get(bucket) ?? [];
  let epoch: readonly [number, number] | undefined;
  for (const entry of logs.ofBucket.get(bucket) ?? []) {
    const record = records[entry.record];
    if (entry.kind === "given" && entry.verb === "EPOCH") {
      const next = [Number(entry.body["generation"]), Number(entry.body["revision"])] as const;
      const isNewer = epoch === undefined || next[0] > epoch[0] || next[1] > epoch[1];
      if (!isNewer || (epoch !== undefined && next[0] < epoch[0]))
        bad(`EPOCH ${next.join(".")} follows ${epoch?.join(".") ?? "nothing"}`);
      epoch = next;
    }
    if (epoch === undefined) bad(`position ${entry.position} stands before the first EPOCH`);
    else if (record?.generation !== epoch[0] || record.revision !== epoch[1])
      bad(`record ${entry.record} was built under another epoch than ${epoch.join(".")}`);
  }
  return violations;
};

const headOf = (
  { heads }: Observation,
  bucket: number,
  records: readonly SeenRecord[],
): Violation[] => {
  const head = heads.get(bucket);
  const last = records.at(-1);
  if (head === undefined || last === undefined) return [];
  const bad = (what: string): Violation[] => [{ property: "P7", bucket, what }];
  if (head.records !== records.length || head.size !== last.first + last.size)
    return bad(`the head names ${head.records} records of ${records.length}`);
  return hex(head.hash) === last.hash ? [] : bad("the last record is not the one the head names");
};

export const chains: Checker = {
  property: "P7",
  check: (observation) => {
    const logs = logsOf(observation);
    const unreadable = logs.unreadable.map(({ bucket, record }): Violation => ({
      property: "P7",
      bucket,
      what: `record ${record} cannot be read`,
    }));
    const whole = [...logs.records].flatMap(([bucket, records]) => [
      ...recordsOf(bucket, records),
      ...epochsOf(bucket, logs),
      ...headOf(observation, bucket, records),
    ]);
    return { kind: "checked", violations: [...unreadable, ...whole] };
  },
};
