/**
 * P6 and E4: each DECIDE and FINALIZE names its K votes of distinct agents who held the seats, who were
 * registered as verifiers at the pinned revision, and who are related neither to the requester nor to
 * the worker; nobody related is paid for a vote.
 */

import { decode } from "#envelope/canonical.ts";
import {
  attemptOf,
  envelopes,
  leaderEntries,
  logsOf,
  type Logs,
  type Plain,
  type SeenEntry,
} from "./log-reader.ts";
import type { Checked, Checker, Observation, Violation } from "./observation.ts";

interface Row {
  readonly did: string;
  readonly roles: readonly string[];
  readonly org?: string;
  readonly controller?: string;
}

type Said = Extract<SeenEntry, { kind: "envelope" }>;

/** An audit file holds no blocks: who was registered when is not in it. */
const isBare = (registries: ReadonlyMap<number, ReadonlyMap<string, Row>>, logs: Logs): boolean =>
  registries.size === 0 && leaderEntries(logs, "REGISTRY").length > 0;

const BARE: Checked = {
  kind: "not-covered",
  why: "the registry's snapshots are not in it: a data folder has them",
};

/** Snapshots by revision, out of the blocks that REGISTRY entries name. */
const registriesOf = (
  { block }: Observation,
  logs: Logs,
): ReadonlyMap<number, ReadonlyMap<string, Row>> => {
  const registries = new Map<number, ReadonlyMap<string, Row>>();
  for (const { body } of leaderEntries(logs, "REGISTRY")) {
    const revision = Number(body["revision"]);
    if (registries.has(revision)) continue;
    const bytes = block(String(body["hash"]));
    if (bytes === undefined) continue;
    const { agents } = decode(bytes) as { readonly agents: readonly Row[] };
    registries.set(revision, new Map(agents.map((row) => [row.did, row])));
  }
  return registries;
};

/** Same agent, same attested org, same controller, or one controls the other. */
const areRelated = (a: Row | undefined, b: Row | undefined): boolean => {
  if (a === undefined || b === undefined) return false;
  if (a.did === b.did || a.controller === b.did || b.controller === a.did) return true;
  if (a.controller !== undefined && a.controller === b.controller) return true;
  return a.org !== undefined && a.org === b.org;
};

interface Panel {
  k: number;
  /** By seat: who was drawn, at which revision of the registry. */
  readonly seats: Map<number, { readonly agent: string; readonly registry: number }>;
}

/** Seats by (need, attempt, question), in all rounds. */
const panelsOf = (logs: Logs): ReadonlyMap<string, Panel> => {
  const panels = new Map<string, Panel>();
  const pinned = new Map<string, number>();
  for (const { body } of leaderEntries(logs, "DRAW")) {
    const round = `${attemptOf(body)}/${String(body["question"])}/${String(body["round"])}`;
    if (body["phase"] === "asked") pinned.set(round, Number(body["registry"]));
    if (body["phase"] !== "seated") continue;
    const registry = pinned.get(round) ?? 0;
    const key = `${attemptOf(body)}/${String(body["question"])}`;
    const panel = panels.get(key) ?? { k: 0, seats: new Map() };
    panel.k = Math.max(panel.k, Number(body["k"]));
    for (const { seat, agent } of body["seats"] as readonly { seat: number; agent: string }[])
      panel.seats.set(seat, { agent, registry });
    panels.set(key, panel);
  }
  return panels;
};

interface Case {
  readonly what: string;
  readonly body: Plain;
  readonly votes: readonly string[];
  readonly question: "plan" | "result";
  readonly worker: string;
}

/** DECIDEs, and FINALIZEs that carry votes. */
const casesOf = (logs: Logs): Case[] =>
  leaderEntries(logs, "DECIDE", "FINALIZE").flatMap(({ verb, body }): Case[] => {
    const isDecide = verb === "DECIDE";
    if (!isDecide && body["outcome"] !== "finalized") return [];
    const votes = (isDecide ? body["approvals"] : body["votes"]) as readonly string[] | undefined;
    const question = isDecide ? "plan" : "result";
    const worker = String(body["worker"]);
    return [{ what: `${verb} of ${attemptOf(body)}`, body, votes: votes ?? [], question, worker }];
  });

export const committees: Checker = {
  property: "P6",
  check: (observation) => {
    const logs = logsOf(observation);
    const registries = registriesOf(observation, logs);
    if (isBare(registries, logs)) return BARE;
    const panels = panelsOf(logs);
    const said = new Map(envelopes(logs).map((envelope) => [envelope.id, envelope]));
    const violations: Violation[] = [];
    for (const one of casesOf(logs)) {
      const { what, body, votes, question, worker } = one;
      const bad = (text: string): void =>
        void violations.push({
          property: "P6",
          need: String(body["need"]),
          what: `${what} ${text}`,
        });
      const panel = panels.get(`${attemptOf(body)}/${question}`);
      const need = said.get(String(body["need"]));
      // Section 5: judging one's own work, where the NEED allows it, in tier small at most.
      const isOwnAllowed =
        need?.body["selfAttestation"] === true && (need.body["tier"] ?? "small") === "small";
      const requester = need?.from ?? "";
      const related = isOwnAllowed ? [requester] : [requester, worker];
      const voters = new Set<string>();
      for (const vote of votes) {
        const envelope = said.get(vote);
        if (envelope === undefined) bad(`quotes ${vote}, which is in no log`);
        else check(bad, { envelope, panel, registries, related, voters });
      }
      const k = panel?.k ?? 0;
      if (k === 0 || voters.size < k) bad(`has ${voters.size} votes of distinct agents for K ${k}`);
    }
    return { kind: "checked", violations };
  },
};

const check = (
  bad: (text: string) => void,
  facts: {
    readonly envelope: Said;
    readonly panel: Panel | undefined;
    readonly registries: ReadonlyMap<number, ReadonlyMap<string, Row>>;
    readonly related: readonly string[];
    readonly voters: Set<string>;
  },
): void => {
  const { envelope, panel, registries, related, voters } = facts;
  const { from, body } = envelope;
  if (voters.has(from)) bad(`counts two votes of ${from}`);
  voters.add(from);
  const seat = panel?.seats.get(Number(body["seat"]));
  if (seat?.agent !== from) bad(`counts ${from}, who held no such seat`);
  const registry = registries.get(seat?.registry ?? -1);
  if (body["verdict"] !== "pass") bad(`counts a vote of ${from} that is no pass`);
  const row = registry?.get(from);
  if (row === undefined || !row.roles.includes("verifier"))
    bad(`counts ${from}, who was no verifier at that revision`);
  for (const other of related)
    if (areRelated(row, registry?.get(other))) bad(`counts ${from}, who is related to ${other}`);
};

export const relations: Checker = {
  property: "E4",
  check: (observation) => {
    const logs = logsOf(observation);
    const registries = registriesOf(observation, logs);
    if (isBare(registries, logs)) return BARE;
    const rows = registries.get(Math.max(0, ...registries.keys()));
    const said = new Map(envelopes(logs).map((envelope) => [envelope.id, envelope]));
    const violations: Violation[] = [];
    for (const { body } of leaderEntries(
      logs,
      "FINALIZE",
      "REJECT",
      "CLOSE",
      "RELEASE",
      "INVALIDATE",
    )) {
      const need = String(body["need"]);
      const requester = said.get(need)?.from ?? "";
      const paid = (body["paid"] ?? []) as readonly { to: string; why: string; own?: boolean }[];
      for (const { to, why, own } of paid)
        if (own !== true && to === requester)
          violations.push({ property: "E4", need, what: `the requester was paid for ${why}` });
        else if (own !== true && to !== body["worker"] && rows !== undefined)
          for (const other of [requester, String(body["worker"])])
            if (rows.get(to)?.did === other)
              violations.push({
                property: "E4",
                need,
                what: `${to} was paid for ${why} by itself`,
              });
    }
    return { kind: "checked", violations };
  },
};
