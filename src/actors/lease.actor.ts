/**
 * The lease actor: from the award to COMMIT or the lease's end. GRANT's position in the log is the
 * lease's revision: whoever works under another one is `STALE_FENCE` (P4, P5).
 */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { performanceBond } from "#domain/market/bond.ts";
import type { LedgerAnswer, LedgerRequest } from "#domain/ledger/requests.ts";
import { leaseMachine, type LeaseContext } from "#machines/lease/lease.machine.ts";
import type { LeaseCommand } from "#machines/lease/lease.commands.ts";
import type { LeaseEvent, LeaseInput } from "#machines/lease/lease.events.ts";
import type { GrantBody, RankedBid } from "#protocol/bodies.ts";
import type { Notice } from "#protocol/notices.ts";
import {
  defineActor,
  type ActorKind,
  type ActorRef,
  type BucketView,
  type Told,
  type Turn,
} from "#runtime/bucket/application.ts";
import { logicOf } from "#runtime/logic/xstate.ts";
import { specOf, type Market } from "./market.ts";
import { leaseActor, needOf, priceRow } from "./names.ts";
import { tellLease, tellNeed } from "./tell.ts";

/** What the lease machine keeps; read by admission and by notices. */
export interface LeaseView {
  readonly value: string | Readonly<Record<string, unknown>>;
  readonly context: LeaseContext;
}

export const openLease = (
  turn: Turn,
  need: string,
  attempt: number,
  bid: RankedBid,
  { parameters }: Market,
): void => {
  const actor = leaseActor(need, attempt);
  turn.put(priceRow(actor), bid.price);
  const input: LeaseInput = {
    attempt,
    worker: bid.worker,
    claimMs: parameters.claimMs,
    heartbeatMs: parameters.heartbeatMs,
    heartbeatsMissedMax: parameters.heartbeatsMissedMax,
    askRetryMs: parameters.askRetryMs,
  };
  turn.spawn("lease", actor, input);
};

/** The lease's phase: awarded, bonding, held. */
export const phaseOf = ({ value }: LeaseView): string =>
  typeof value === "string" ? value : (Object.keys(value)[0] ?? "");

const viewOf = (actor: ActorRef): LeaseView => actor.state as LeaseView;

const awardNotice = (actor: ActorRef, view: BucketView, remainingMs: number): Told => {
  const need = needOf(actor.id);
  const { attempt, worker } = viewOf(actor).context;
  const price = view.row(priceRow(actor.id)) as bigint;
  const notice: Notice = {
    kind: "award",
    need,
    attempt,
    nonce: view.nonce(worker, need),
    price,
    remainingMs,
  };
  return { to: worker, notice };
};

const workNotice = (actor: ActorRef, view: BucketView, market: Market): Told => {
  const need = needOf(actor.id);
  const { attempt, worker, revision = 0, grantedAtMs = 0, ttlMs = 0 } = viewOf(actor).context;
  const { requester, body } = specOf(view, need);
  const notice: Notice = {
    kind: "work",
    need,
    attempt,
    nonce: view.nonce(worker, need),
    revision,
    requester,
    body,
    remainingMs: Math.max(0, grantedAtMs + ttlMs - view.atMs),
    heartbeatMs: market.parameters.heartbeatMs,
  };
  return { to: worker, notice };
};

export const leaseActorKind = (market: Market): ActorKind =>
  defineActor<unknown, LeaseEvent, LeaseInput, LeaseCommand>({
    kind: "lease",
    logic: logicOf<LeaseEvent, LeaseInput, LeaseCommand>(leaseMachine),
    handlers: {
      callForClaim: (_params, actor, turn) => {
        const { to, notice } = awardNotice(actor, turn, market.parameters.claimMs);
        turn.notify(to, notice);
      },
      requestBond: (_params, actor, turn) => {
        const need = needOf(actor.id);
        const { attempt, worker } = viewOf(actor).context;
        const price = turn.row(priceRow(actor.id)) as bigint;
        const amount = performanceBond(price, specOf(turn, need).tier, market.parameters);
        const request: LedgerRequest = { kind: "bond", need, attempt, worker, amount };
        turn.ask(actor.id, "bond", SYSTEM_BUCKET, request);
      },
      resend: ({ name }, actor, turn) => turn.resend(actor.id, name),
      callForWork: (_params, actor, turn) => {
        const { to, notice } = workNotice(actor, turn, market);
        turn.notify(to, notice);
      },
      ended: ({ reason, heartbeatsMissed, yieldedLate }, actor, turn) => {
        const { attempt, worker, grantedAtMs } = viewOf(actor).context;
        const elapsedMs = grantedAtMs === undefined ? 0 : turn.atMs - grantedAtMs;
        const need = needOf(actor.id);
        tellNeed(turn, need, {
          type: "LEASE_ENDED",
          reason,
          elapsedMs,
          heartbeatsMissed,
          yieldedLate,
        });
        const notice: Notice = {
          kind: "stop",
          need,
          attempt,
          nonce: turn.nonce(worker, need),
          reason,
        };
        turn.notify(worker, notice);
      },
    },
    answered: (_name, answer, actor, turn) => bonded(answer as LedgerAnswer, actor, turn, market),
    notices: (actor, view) => {
      const phase = phaseOf(viewOf(actor));
      if (phase === "awarded") return [awardNotice(actor, view, market.parameters.claimMs)];
      return phase === "held" ? [workNotice(actor, view, market)] : [];
    },
  });

const bonded = (answer: LedgerAnswer, actor: ActorRef, turn: Turn, market: Market): void => {
  if (answer.kind !== "held") {
    tellLease(turn, actor.id, { type: "BOND_REFUSED" });
    return;
  }
  const need = needOf(actor.id);
  const { attempt, worker, ttlMs = 0 } = viewOf(actor).context;
  const { heartbeatMs } = market.parameters;
  const revision = turn.position;
  const body: GrantBody = {
    need,
    attempt,
    worker,
    revision,
    endsAtMs: turn.atMs + ttlMs,
    heartbeatMs,
  };
  turn.append("GRANT", need, body);
  tellLease(turn, actor.id, { type: "BONDED", revision, atMs: turn.atMs });
  tellNeed(turn, need, { type: "LEASED", revision, atMs: turn.atMs, ttlMs });
};
