/** What hosts answer to whoever compares the parts of the swarm (domain/reconcile). It changes nothing. */

import { bucketOf, SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import type { HeldFact, OpenNeed } from "#domain/reconcile/view.ts";
import type { RegistryState } from "#domain/registry/registry.ts";
import type { Did, NeedId } from "#protocol/words.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import type { Host } from "#runtime/host/host.ts";
import type { LeaseView } from "./lease.actor.ts";
import { LEDGER, needOf, needRow, REGISTRY } from "./names.ts";
import { needAttempt, stageOf } from "./stage.ts";

/** Of one bucket, the oldest; of the ledger, the oldest: what is stuck is old. */
export const NEEDS_COMPARED_MAX = 1_024;
export const HOLDS_COMPARED_MAX = 4_096;

export type OpenFact = Omit<OpenNeed, "bucket" | "held">;
export type HeldAsked = readonly [need: NeedId, workers: readonly Did[]];

const workersOf = (view: BucketView): ReadonlyMap<NeedId, readonly Did[]> => {
  const workers = new Map<NeedId, readonly Did[]>();
  for (const actor of view.actors("lease")) {
    const { value, context } = actor.state as LeaseView;
    if (value !== "held") continue;
    const need = needOf(actor.id);
    workers.set(need, [...(workers.get(need) ?? []), context.worker]);
  }
  return workers;
};

/** Undefined: the bucket is not live here. */
export const openNeeds = (host: Host, bucket: number): readonly OpenFact[] | undefined => {
  const view = host.view(bucket);
  if (view === undefined) return undefined;
  const workers = workersOf(view);
  const facts: OpenFact[] = [];
  for (const actor of view.actors("need-thread")) {
    if (facts.length === NEEDS_COMPARED_MAX) break;
    const need = needOf(actor.id);
    // It ends in this very turn, or has.
    if (view.row(needRow(need)) === undefined) continue;
    facts.push({
      need,
      isFunded: stageOf(view, need) !== "funding",
      attempt: needAttempt(view, need),
      leases: workers.get(need) ?? [],
    });
  }
  return facts;
};

/** One answer for each need, in that order. Undefined: the system bucket is not live here. */
export const heldFor = (
  host: Host,
  asked: readonly HeldAsked[],
): readonly HeldFact[] | undefined => {
  const view = host.view(SYSTEM_BUCKET);
  const books = view?.state(LEDGER) as LedgerState | undefined;
  const registry = view?.state(REGISTRY) as RegistryState | undefined;
  if (books === undefined || registry === undefined) return undefined;
  return asked.map(([need, workers]) => {
    const open = books.needs.peek(need)?.open;
    return {
      attempt: open?.attempt,
      bondOf: open?.bond?.worker,
      strangers: workers.filter((worker) => !registry.agents.has(worker)),
    };
  });
};

/** Needs for which the ledger holds something, roughly the oldest first, by bucket. */
export const heldNeeds = (host: Host): readonly (readonly [number, readonly NeedId[]])[] => {
  const books = host.view(SYSTEM_BUCKET)?.state(LEDGER) as LedgerState | undefined;
  const byBucket = new Map<number, NeedId[]>();
  let count = 0;
  for (const need of books?.needs.keys() ?? []) {
    if (count === HOLDS_COMPARED_MAX) break;
    count += 1;
    const bucket = bucketOf(need);
    const needs = byBucket.get(bucket);
    if (needs === undefined) byBucket.set(bucket, [need]);
    else needs.push(need);
  }
  return [...byBucket];
};

/** For each need whether the bucket has it open. Undefined: the bucket is not live here. */
export const areOpen = (
  host: Host,
  bucket: number,
  needs: readonly NeedId[],
): readonly boolean[] | undefined => {
  const view = host.view(bucket);
  return view && needs.map((need) => view.row(needRow(need)) !== undefined);
};
