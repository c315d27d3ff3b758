/**
 * P4: nothing under an old fence has an effect in the store after the new leader's barrier: a commit
 * that was applied is under the newest epoch given out for its bucket, and stands on the head.
 */

import { logsOf } from "./log-reader.ts";
import type { Checker, SeenCommit, SeenLead, Violation } from "./observation.ts";

const isOlder = (a: SeenCommit["epoch"], b: SeenLead["epoch"]): boolean =>
  a.generation < b.generation || (a.generation === b.generation && a.revision < b.revision);

export const fences: Checker = {
  property: "P4",
  check: (observation) => {
    const { commits, leads } = observation;
    if (leads.length === 0)
      return { kind: "not-covered", why: "no store was watched while this was written" };
    const violations: Violation[] = [];
    const leadsOf = new Map<number, SeenLead[]>();
    for (const lead of leads) {
      const list = leadsOf.get(lead.bucket) ?? [];
      list.push(lead);
      leadsOf.set(lead.bucket, list);
    }
    const heads = new Map<number, string>();
    for (const { bucket, atMs, epoch, parent, records, outcome } of commits) {
      if (outcome !== "applied") continue;
      const newer = leadsOf
        .get(bucket)
        ?.find((lead) => lead.atMs < atMs && isOlder(epoch, lead.epoch));
      if (newer !== undefined) {
        const { generation, revision } = newer.epoch;
        const old = `a commit of epoch ${epoch.generation}.${epoch.revision} was applied at ${atMs} ms`;
        const what = `${old}, after epoch ${generation}.${revision} began at ${newer.atMs} ms`;
        violations.push({ property: "P4", bucket, what });
      }
      const head = heads.get(bucket);
      if (head !== undefined && head !== parent)
        violations.push({
          property: "P4",
          bucket,
          what: `a commit at ${atMs} ms was not built on the head`,
        });
      heads.set(bucket, records.at(-1) ?? parent);
    }
    for (const [bucket, records] of logsOf(observation).records) {
      const last = records.at(-1)?.hash;
      const head = heads.get(bucket);
      if (head !== undefined && last !== head)
        violations.push({
          property: "P4",
          bucket,
          what: "the log does not end with the last commit",
        });
    }
    return { kind: "checked", violations };
  },
};
