/** LIMIT and PAUSE: the operator's word on what others may commit and take on, in the system bucket. */

import { agentScope, eachScope, hasRoomForLimits, ownerScope } from "#domain/ledger/spending.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import { isRegistered, type RegistryState } from "#domain/registry/registry.ts";
import type { LimitBody } from "#protocol/bodies.ts";
import type { Refusal } from "#protocol/refusals.ts";
import type { Market } from "../market.ts";
import { LEDGER, REGISTRY } from "../names.ts";
import { tellLedger, tellRegistry } from "../tell.ts";
import { refusalsOf, refuse, type VerbRules } from "../verbs.ts";

const onlyOperator = (from: string, { genesis }: Market): Refusal | undefined =>
  from === genesis.operator ? undefined : refuse("VERB_NOT_ALLOWED", "only the operator may");

export const scopeOf = (of: LimitBody["of"]): string => {
  if ("agent" in of) return agentScope(of.agent);
  return "owner" in of ? ownerScope(of.owner) : eachScope();
};

export const limit: VerbRules<"LIMIT"> = {
  admit: ({ from, body }, view, market) => {
    const hasRoom = hasRoomForLimits(view.state(LEDGER) as LedgerState, scopeOf(body.of));
    return refusalsOf(
      onlyOperator(from, market),
      !hasRoom && refuse("POLICY_DENIED", "too many limits: take some away first"),
    );
  },
  apply: ({ body }, turn) =>
    tellLedger(turn, {
      type: "LIMIT",
      atMs: turn.atMs,
      scope: scopeOf(body.of),
      limits: body.limits,
    }),
};

export const pause: VerbRules<"PAUSE"> = {
  admit: ({ from, body: { who } }, view, market) => {
    const isKnown =
      !("agent" in who) || isRegistered(view.state(REGISTRY) as RegistryState, who.agent);
    return refusalsOf(
      onlyOperator(from, market),
      !isKnown && refuse("POLICY_DENIED", "no such agent is registered"),
    );
  },
  apply: ({ body: { who, paused } }, turn) => {
    const agent = "agent" in who ? who.agent : undefined;
    const event = { type: "PAUSE" as const, atMs: turn.atMs, agent, paused };
    tellLedger(turn, event);
    tellRegistry(turn, event);
  },
};
