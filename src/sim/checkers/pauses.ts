/**
 * P6 of pauses: who is paused at the registry revision that a bucket acts on is awarded nothing there,
 * drawn for no seat, and lets no NEED, bid or CLAIM in; and the ledger holds nothing for it from the PAUSE
 * entry on. Who is paused when is worked out from the PAUSE entries alone.
 */

import { leaderEntries, logsOf, type Plain, type SeenEntry } from "./log-reader.ts";
import type { Checked, Checker, Violation } from "./observation.ts";

interface Paused {
  readonly names: ReadonlySet<string>;
  readonly all: boolean;
}

const NOBODY: Paused = { names: new Set(), all: false };

const isIn = ({ names, all }: Paused, did: string): boolean => all || names.has(did);

const after = (paused: Paused, { who, paused: isPaused }: Plain): Paused => {
  const { agent } = who as { agent?: string };
  if (agent === undefined) return { ...paused, all: isPaused === true };
  const names = new Set(paused.names);
  if (isPaused === true) names.add(agent);
  else names.delete(agent);
  return { ...paused, names };
};

interface System {
  /** By revision of the registry. */
  readonly at: ReadonlyMap<number, Paused>;
  /** Needs whose first funding was asked of the ledger while their requester was paused. */
  readonly asked: ReadonlyMap<string, string>;
}

const systemOf = (entries: readonly SeenEntry[]): System => {
  const at = new Map<number, Paused>();
  const asked = new Map<string, string>();
  const known = new Set<string>();
  let paused = NOBODY;
  for (const entry of entries) {
    if (entry.kind === "envelope" && entry.verb === "PAUSE") paused = after(paused, entry.body);
    if (entry.kind === "derived" && entry.verb === "REGISTRY")
      at.set(Number(entry.body["revision"]), paused);
    if (entry.kind !== "ask" || entry.payload["kind"] !== "fund") continue;
    const [need, requester] = [entry.payload["need"], entry.payload["requester"]].map(String);
    if (need === undefined || requester === undefined || known.has(need)) continue;
    known.add(need);
    if (isIn(paused, requester)) asked.set(`${entry.from} ${entry.number}`, need);
  }
  return { at, asked };
};

/** New things that an agent begins. */
const BEGINS = new Set(["NEED", "PROPOSE", "CLAIM"]);

const bucketViolations = (entries: readonly SeenEntry[], { at, asked }: System): Violation[] => {
  const violations: Violation[] = [];
  let revision = 0;
  const pinnedOf = (asked_: unknown): Paused => at.get(Number(asked_)) ?? NOBODY;
  const orders = new Map<string, unknown>();
  for (const entry of entries) {
    const bad = (what: string): void =>
      void violations.push({ property: "P6", bucket: entry.bucket, what });
    if (entry.kind === "answer") {
      const need = asked.get(`${entry.bucket} ${entry.number}`);
      if (need !== undefined && entry.payload["kind"] === "held")
        bad(`${need} was funded while its requester was paused`);
    }
    if (entry.kind === "envelope" && BEGINS.has(entry.verb) && isIn(pinnedOf(revision), entry.from))
      bad(`${entry.verb} of ${entry.from}, who is paused at revision ${revision}, was let in`);
    if (entry.kind === "given" && entry.verb === "REGISTRY")
      revision = Number(entry.body["revision"]);
    if (entry.kind !== "derived") continue;
    const { verb, body } = entry;
    if (verb === "DECIDE") {
      const worker = String(body["worker"]);
      if (Number(body["registry"]) !== revision)
        bad(`DECIDE at revision ${String(body["registry"])} where ${revision} is pinned`);
      if (isIn(pinnedOf(revision), worker))
        bad(`${worker} was awarded, who is paused at revision ${revision}`);
    }
    if (verb !== "DRAW") continue;
    const round = ["need", "attempt", "question", "round"].map((name) => body[name]).join(" ");
    if (body["phase"] === "asked") orders.set(round, body["registry"]);
    else
      for (const { agent } of body["seats"] as readonly { readonly agent: string }[])
        if (pinnedOf(orders.get(round)).names.has(agent))
          bad(`${agent} was drawn, who is paused at revision ${String(orders.get(round))}`);
  }
  return violations;
};

const BARE: Checked = {
  kind: "not-covered",
  why: "nobody paused was awarded anything; the rest needs the registry's snapshots",
};

export const pauses: Checker = {
  property: "P6",
  check: (observation) => {
    const logs = logsOf(observation);
    const { ofBucket } = logs;
    const system = [...ofBucket.values()].find((own) => own.some(({ kind }) => kind === "ask"));
    const known = systemOf(system ?? []);
    const violations = [...ofBucket.values()]
      .filter((own) => own !== system)
      .flatMap((own) => bucketViolations(own, known));
    // The rest of P6 needs the snapshots: without them a quiet answer would look like all of it.
    const registries = leaderEntries(logs, "REGISTRY");
    const isBare = registries.every(({ body }) => !observation.block(String(body["hash"])));
    if (isBare && registries.length > 0 && violations.length === 0) return BARE;
    return { kind: "checked", violations };
  },
};
