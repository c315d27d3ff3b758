/** Typed words between the actors of one need: all in one bucket, in one turn. */

import type { AuctionEvent } from "#machines/auction/auction.events.ts";
import type { ChallengeEvent } from "#machines/challenge/challenge.events.ts";
import type { CommitteeEvent } from "#machines/committee/committee.events.ts";
import type { LeaseEvent } from "#machines/lease/lease.events.ts";
import type { NeedThreadEvent } from "#machines/need-thread/need-thread.events.ts";
import type { NeedId } from "#protocol/words.ts";
import type { Turn } from "#runtime/bucket/application.ts";
import type { LedgerEvent } from "./ledger.actor.ts";
import { LEDGER, needActor, REGISTRY } from "./names.ts";
import type { RegistryEvent } from "./registry.actor.ts";

export const tellNeed = (turn: Turn, need: NeedId, event: NeedThreadEvent): void =>
  turn.tell(needActor(need), event);
export const tellAuction = (turn: Turn, actor: string, event: AuctionEvent): void =>
  turn.tell(actor, event);
export const tellCommittee = (turn: Turn, actor: string, event: CommitteeEvent): void =>
  turn.tell(actor, event);
export const tellLease = (turn: Turn, actor: string, event: LeaseEvent): void =>
  turn.tell(actor, event);
export const tellChallenge = (turn: Turn, actor: string, event: ChallengeEvent): void =>
  turn.tell(actor, event);
export const tellLedger = (turn: Turn, event: LedgerEvent): void => turn.tell(LEDGER, event);
export const tellRegistry = (turn: Turn, event: RegistryEvent): void => turn.tell(REGISTRY, event);
