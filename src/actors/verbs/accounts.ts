/** REGISTER, TRANSFER, STAKE, UNSTAKE: said in the sender's own account thread, in the system bucket. */

import { publicKeyOf } from "#envelope/did.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { sha256, hex } from "#envelope/cid.ts";
import { balanceOf, freeStakeOf, isPaused, stakeOf } from "#domain/ledger/accounts.ts";
import { TREASURY, type LedgerState } from "#domain/ledger/ledger.ts";
import { memberDigest } from "#protocol/digests.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import { ownerNow, type RegistryState } from "#domain/registry/registry.ts";
import { LEDGER, REGISTRY } from "../names.ts";
import { tellLedger, tellRegistry } from "../tell.ts";
import type { Market } from "../market.ts";
import { refusalsOf, refuse, type Said, type VerbRules } from "../verbs.ts";
import type { LedgerEvent } from "../ledger.actor.ts";
import type { RegistryEvent } from "../registry.actor.ts";

const booksOf = (view: BucketView): LedgerState => view.state(LEDGER) as LedgerState;

/** The account whose money a sender moves: the operator's key moves the treasury. */
const purseOf = (market: Market, from: string): string =>
  from === market.genesis.operator ? TREASURY : from;

export const register: VerbRules<"REGISTER"> = {
  admit: ({ body, from }, _view, market) => {
    for (const { label, value, by, signature } of body.attestations) {
      const attester = by === market.genesis.operator || (label === "org" && value === by);
      if (!attester) return [refuse("POLICY_DENIED", `${by} may not attest ${label}`)];
      const key = publicKeyOf(by);
      if (
        key === undefined ||
        !bestSuite().verify(key, memberDigest(from, label, value), signature)
      )
        return [refuse("POLICY_DENIED", `the attestation of ${label} does not verify`)];
    }
    return [];
  },
  apply: ({ body, from }, turn) => {
    const event: RegistryEvent = {
      type: "REGISTER",
      atMs: turn.atMs,
      did: from,
      body,
      stake: stakeOf(booksOf(turn), from),
    };
    tellRegistry(turn, event);
  },
};

export const transferVerb: VerbRules<"TRANSFER"> = {
  admit: ({ body, from }, view, market) => {
    const purse = purseOf(market, from);
    const balance = balanceOf(booksOf(view), purse);
    return refusalsOf(
      purse !== TREASURY && isPaused(booksOf(view), purse) && refuse("PAUSED"),
      // A transfer under a known key is answered by its first result, whatever the balance is now.
      body.key === undefined && balance < body.amount && refuse("INSUFFICIENT_FUNDS"),
    );
  },
  apply: ({ body, from, id, thread }, turn, market) => {
    turn.owe(id);
    const purse = purseOf(market, from);
    const owner = ownerNow(turn.state(REGISTRY) as RegistryState)(purse);
    const event: LedgerEvent = {
      type: "TRANSFER",
      atMs: turn.atMs,
      envelope: id,
      id: body.key === undefined ? id : transferId(thread, body.key),
      from: purse,
      to: body.to,
      amount: body.amount,
      ...(owner === undefined ? {} : { owner }),
    };
    tellLedger(turn, event);
  },
};

/** H(sender, key): the same grant is given once. */
const transferId = (thread: string, key: string): string =>
  hex(sha256(new TextEncoder().encode(`canswarm/v1/transfer\0${thread}\0${key}`)));

export const stakeVerb: VerbRules<"STAKE"> = {
  admit: ({ body, from }, view) =>
    refusalsOf(
      isPaused(booksOf(view), from) && refuse("PAUSED"),
      balanceOf(booksOf(view), from) < body.amount && refuse("INSUFFICIENT_FUNDS"),
    ),
  apply: (said, turn) => change("STAKE", said, turn),
};

export const unstakeVerb: VerbRules<"UNSTAKE"> = {
  admit: ({ body, from }, view) =>
    refusalsOf(
      isPaused(booksOf(view), from) && refuse("PAUSED"),
      freeStakeOf(booksOf(view), from) < body.amount && refuse("INSUFFICIENT_STAKE"),
    ),
  apply: (said, turn) => change("UNSTAKE", said, turn),
};

const change = (
  type: "STAKE" | "UNSTAKE",
  { from, id, body }: Said<"STAKE"> | Said<"UNSTAKE">,
  turn: Parameters<VerbRules<"STAKE">["apply"]>[1],
): void => {
  turn.owe(id);
  const event: LedgerEvent = {
    type,
    atMs: turn.atMs,
    envelope: id,
    agent: from,
    amount: body.amount,
  };
  tellLedger(turn, event);
};
