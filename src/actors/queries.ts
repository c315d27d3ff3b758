/** Questions about a host's committed and pending state, for `status`, `need` and the supervisor. */

import { SYSTEM_BUCKET, bucketOf, isCid } from "#envelope/cid.ts";
import { secondOf } from "#runtime/bucket/equivocations.ts";
import type { BucketState } from "#runtime/bucket/state.ts";
import type { Host } from "#runtime/host/host.ts";
import { balanceOf, freeStakeOf, stakeOf } from "#domain/ledger/accounts.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import { spentNow } from "#domain/ledger/spending.ts";
import type { SpendLimits } from "#protocol/bodies.ts";
import type { Did } from "#protocol/words.ts";
import { total } from "#domain/ledger/conservation.ts";
import { rowsOf, type RegistryState } from "#domain/registry/registry.ts";
import { eligibleWorkers } from "./auction.actor.ts";
import type { Directory } from "./market.ts";
import { LEDGER, needOf, needRow, REGISTRY } from "./names.ts";
import { areOpen, heldFor, heldNeeds, openNeeds, type HeldAsked } from "./reconciling.ts";
import type { EndedNeed } from "./need-thread.actor.ts";
import { commitOf, stageOf } from "./stage.ts";

export interface NeedStatus {
  readonly need: string;
  readonly stage: string;
  readonly ended?: EndedNeed;
  /** The COMMIT of the open attempt. */
  readonly commit?: { readonly attempt: number; readonly commit: string };
}

export interface ChallengeStatus {
  readonly challenge: string;
  readonly attempt: number;
  readonly challenger: string;
}

/** A sender that signed two envelopes under one nonce; the log holds both. */
export interface EquivocationStatus {
  readonly bucket: number;
  readonly from: string;
  readonly thread: string;
  readonly nonce: number;
  /** The one that was taken, at `position`. */
  readonly first: string;
  readonly position: number;
  readonly second: string;
}

export interface AccountStatus {
  readonly did: string;
  readonly balance: bigint;
  readonly staked: bigint;
  readonly free: bigint;
  readonly nonce: number;
}

/** Limits of one scope (`each`, `agent DID`, `owner ORG`), and what is counted under it now. */
export interface SpendStatus {
  readonly scope: string;
  readonly limits: SpendLimits;
  readonly day: bigint;
  readonly minute: bigint;
  readonly perMinute: number;
}

export interface BooksStatus {
  readonly minted: bigint;
  readonly burned: bigint;
  readonly total: bigint;
  readonly escrows: bigint;
  readonly bonds: bigint;
  readonly locked: bigint;
  readonly balances: readonly (readonly [string, bigint])[];
  readonly stakes: readonly (readonly [string, bigint])[];
}

/** Who could bid on a need, paused agents left out, by the newest registry that the host has. */
export interface CouldBid {
  readonly revision: number;
  readonly workers: readonly Did[];
}

/** A question of whoever leads the bucket: [bucket, name, argument]. Others answer nothing to it. */
export type At = readonly [number, string, unknown];

export interface Answered {
  readonly answer: unknown;
}

export const query = (host: Host, name: string, argument: unknown): unknown => {
  switch (name) {
    case "need":
      return needStatus(host, String(argument));
    case "account":
      return accountStatus(host, String(argument));
    case "challenges":
      return challengesOf(host, String(argument));
    case "nonce": {
      const [did, need] = argument as readonly [string, string];
      return host.view(bucketOf(need))?.nonce(did, need) ?? 0;
    }
    case "books":
      return booksStatus(host);
    case "limits":
      return limitsStatus(host);
    case "registered":
      return (
        (host.view(SYSTEM_BUCKET)?.state(REGISTRY) as RegistryState | undefined)?.snapshot
          .revision ?? 0
      );
    case "registry":
      return (host.view(SYSTEM_BUCKET)?.state(REGISTRY) as RegistryState | undefined)?.snapshot;
    case "agents": {
      const registry = host.view(SYSTEM_BUCKET)?.state(REGISTRY) as RegistryState | undefined;
      return registry === undefined ? undefined : rowsOf(registry);
    }
    case "open-needs":
      return openNeeds(host, argument as number);
    case "held-for":
      return heldFor(host, argument as readonly HeldAsked[]);
    case "held-needs":
      return heldNeeds(host);
    case "are-open": {
      const [bucket, needs] = argument as readonly [number, readonly string[]];
      return areOpen(host, bucket, needs);
    }
    case "canonical":
      return host
        .buckets()
        .flatMap(({ bucket, state }) =>
          [...state.canonical()].map(([actor, digest]) => [bucket, actor, digest] as const),
        );
    case "equivocations":
      return host.buckets().flatMap(({ bucket, state }) => equivocationsOf(bucket, state));
    case "pinned":
      return host.documents.latest?.revision ?? 0;
    case "could-bid":
      return couldBid(host, argument as readonly [string, Did]);
    case "at": {
      const [bucket, inner, about] = argument as At;
      if (host.view(bucket) === undefined) return undefined;
      return { answer: query(host, inner, about) } satisfies Answered;
    }
    default:
      throw new Error(`no query ${name}`);
  }
};

const couldBid = (
  host: Host,
  [capability, requester]: readonly [capability: string, requester: Did],
): CouldBid => {
  const directory = host.documents.newest as Directory | undefined;
  const workers = eligibleWorkers(directory, capability, requester, []);
  return { revision: directory?.snapshot.revision ?? 0, workers };
};

const needStatus = (host: Host, need: string): NeedStatus | undefined => {
  if (!isCid(need)) return undefined;
  const view = host.view(bucketOf(need));
  if (view === undefined) return undefined;
  const ended = view.archived(need) as EndedNeed | undefined;
  if (ended !== undefined)
    return { need, stage: ended.outcome === "finalized" ? "finalized" : "closed", ended };
  if (view.row(needRow(need)) === undefined) return undefined;
  const commit = commitOf(view, need);
  const status = { need, stage: stageOf(view, need) };
  if (commit === undefined) return status;
  return { ...status, commit: { attempt: commit.attempt, commit: commit.commit } };
};

const equivocationsOf = (bucket: number, state: BucketState): EquivocationStatus[] =>
  [...state.equivocations].map((pair) => {
    const { from, thread, nonce, first, position } = pair;
    return { bucket, from, thread, nonce, first, position, second: secondOf(pair) };
  });

const challengesOf = (host: Host, need: string): readonly ChallengeStatus[] =>
  [...(host.view(bucketOf(need))?.actors("challenge") ?? [])]
    .filter((actor) => needOf(actor.id) === need)
    .map((actor) => {
      const { challenge, attempt, challenger } = (actor.state as { context: ChallengeStatus })
        .context;
      return { challenge, attempt, challenger };
    });

const booksOf = (host: Host): LedgerState | undefined =>
  host.view(SYSTEM_BUCKET)?.state(LEDGER) as LedgerState | undefined;

const accountStatus = (host: Host, did: string): AccountStatus | undefined => {
  const books = booksOf(host);
  if (books === undefined) return undefined;
  return {
    did,
    balance: balanceOf(books, did),
    staked: stakeOf(books, did),
    free: freeStakeOf(books, did),
    nonce: host.view(SYSTEM_BUCKET)?.nonce(did, `acct:${did}`) ?? 0,
  };
};

const limitsStatus = (host: Host): readonly SpendStatus[] => {
  const books = booksOf(host);
  if (books === undefined) return [];
  return [...books.limits].map(([scope, limits]) => {
    const { day, minute } = spentNow(books, scope);
    const counted = { day: day.amount, minute: minute.amount, perMinute: minute.count };
    return { scope, limits, ...counted };
  });
};

const booksStatus = (host: Host): BooksStatus | undefined => {
  const books = booksOf(host);
  if (books === undefined) return undefined;
  let locked = 0n;
  for (const account of books.stakes.values()) locked += account.locked;
  return {
    minted: books.minted,
    burned: books.burned,
    total: total(books),
    escrows: books.sums.escrows,
    bonds: books.sums.bonds,
    locked,
    balances: [...books.balances],
    stakes: [...books.stakes].map(([did, account]) => [did, account.staked] as const),
  };
};
