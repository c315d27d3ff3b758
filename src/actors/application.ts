/**
 * The market as an application of the runtime: actor kinds, verbs, and the way from an envelope to the
 * actors that hear it. Host threads load this module by its URL.
 */

import { bucketOfThread } from "#envelope/route.ts";
import { decode } from "#envelope/canonical.ts";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { encodeSigned, type Envelope } from "#envelope/envelope.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { decodeGenesis } from "#domain/genesis/codec.ts";
import { isBelowFloor, keptAnswer } from "#domain/ledger/answers.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import type { LedgerRequest } from "#domain/ledger/requests.ts";
import {
  isRegistered,
  ownerNow,
  relatedNow,
  type RegistryState,
} from "#domain/registry/registry.ts";
import type { RegistrySnapshot } from "#domain/registry/snapshot.ts";
import type {
  AgentVerb,
  Bodies,
  ReconcileBody,
  RegistryBody,
  RuleBody,
  Verb,
} from "#protocol/bodies.ts";
import { isInPlace, type ThreadKind } from "#protocol/verb-spec.ts";
import { foremost, REFUSALS, type RefusalCode } from "#protocol/refusals.ts";
import { isVerb, VERBS } from "#protocol/verbs.ts";
import type {
  Admitted,
  Application,
  Ask,
  BucketView,
  Refused,
  Turn,
} from "#runtime/bucket/application.ts";
import { auctionActorKind } from "./auction.actor.ts";
import { challengeActorKind } from "./challenge.actor.ts";
import { committeeActorKind } from "./committee.actor.ts";
import { leaseActorKind } from "./lease.actor.ts";
import { ledgerActor } from "./ledger.actor.ts";
import { reconciled, takeReconciled } from "./late.ts";
import { directoryOf, pinnedDirectory, type Directory, type Market } from "./market.ts";
import { challengeActor, LEDGER, REGISTRY } from "./names.ts";
import { needThreadActor } from "./need-thread.actor.ts";
import { openSnapshot, registryActor } from "./registry.actor.ts";
import { tellChallenge, tellLedger, tellRegistry } from "./tell.ts";
import { widenAmounts } from "./amounts.ts";
import { ruleFor, type Said } from "./verbs.ts";
import { RULES } from "./verbs/table.ts";

export { query } from "./queries.ts";

/** `init` is the genesis in its canonical bytes. */
export const createApplication = (init: unknown): Application => {
  const bytes = init as Uint8Array;
  const genesis = decodeGenesis(bytes);
  const { parameters } = genesis;
  const market: Market = { genesis, parameters, swarm: swarmIdOf(genesis.name, bytes) };
  const kinds = [
    ledgerActor(genesis),
    registryActor(genesis),
    needThreadActor(market),
    auctionActorKind(market),
    committeeActorKind(market),
    leaseActorKind(market),
    challengeActorKind(market),
  ];
  return {
    kinds: Object.fromEntries(kinds.map((kind) => [kind.kind, kind])),
    parse: parseBody,
    route: bucketOfThread,
    door: (admitted) => door(admitted, market),
    known: (admitted, view) => known(admitted, view, market),
    admit: (admitted, view) =>
      foremost(ruleFor(RULES, verbOf(admitted)).admit(saidOf(admitted), view, market)),
    beside: reconciled(market),
    envelope: (admitted, turn) =>
      ruleFor(RULES, verbOf(admitted)).apply(saidOf(admitted), turn, market),
    recall,
    ask: (ask, turn) => askLedger(ask, turn),
    given,
    lamportJumpMax: parameters.lamportJumpMax,
    isFinal: (code) => REFUSALS[code as RefusalCode]?.retry !== "later",
    unpinned: (bucket) => bucket === SYSTEM_BUCKET,
    pins: (verb, body) => {
      if (verb !== "REGISTRY") return undefined;
      const { revision, hash, ageMs } = body as RegistryBody;
      return { revision, hash, ageMs };
    },
    openDocument: (document) => directoryOf(openSnapshot(decode(document) as RegistrySnapshot)),
    knows: (did, document) =>
      did === genesis.operator || (document as Directory | undefined)?.rows.has(did) === true,
  };
};

const parseBody = (
  verb: string,
  body: unknown,
): { readonly body: unknown } | { readonly malformed: string } => {
  if (!isVerb(verb)) return { malformed: `no such verb: ${verb}` };
  if (VERBS[verb].sender === "leader") return { malformed: `${verb} is the leader's own word` };
  const parsed: { readonly malformed: string } | object = VERBS[verb].parse(body);
  return "malformed" in parsed ? { malformed: parsed.malformed } : { body: parsed };
};

const verbOf = (admitted: Admitted): AgentVerb => admitted.envelope.verb as AgentVerb;

const saidOf = ({ envelope, signed, thread }: Admitted): Said<AgentVerb> => ({
  id: signed.id,
  from: envelope.from,
  thread,
  body: envelope.body as Bodies[AgentVerb],
  envelope,
  wire: () => encodeSigned(signed),
});

/** Of another swarm, or in a thread that its verb does not stand in. */
const door = ({ envelope }: Admitted, market: Market): Refused | undefined => {
  const { thread } = VERBS[envelope.verb as Verb];
  if (!isInPlace(thread, envelope as Envelope<object>))
    return { code: "MALFORMED", detail: IN_PLACE[thread] };
  if (envelope.swarm !== market.swarm)
    return { code: "WRONG_SWARM", detail: `this is ${market.swarm}` };
  return undefined;
};

/** What `isInPlace` demands, for people. */
const IN_PLACE: Readonly<Record<ThreadKind, string>> = {
  own: "a NEED has no thread: its id is the thread",
  need: "the body names another need than the thread",
  account: "an account verb is said in the sender's own account thread",
  bucket: "an entry of a bucket is said in the bucket's thread",
};

/** Who may speak at all: registered agents, the operator, and whoever registers. */
const known = ({ envelope }: Admitted, view: BucketView, market: Market): Refused | undefined => {
  if (envelope.from === market.genesis.operator || envelope.verb === "REGISTER") return undefined;
  if (view.bucket === SYSTEM_BUCKET) {
    const registered = isRegistered(view.state(REGISTRY) as RegistryState, envelope.from);
    return registered ? undefined : { code: "NOT_REGISTERED" };
  }
  const directory = pinnedDirectory(view);
  // Nobody is known here yet: that says nothing about the sender.
  if (directory === undefined) return { code: "NO_REGISTRY" };
  return directory.rows.has(envelope.from) ? undefined : { code: "NOT_REGISTERED" };
};

/* ------------------------------------------------------- the ledger's side of an ask */

const requestIdOf = (ask: Ask): { bucket: number; position: number; index: number } => ({
  bucket: ask.from,
  position: ask.number,
  index: 0,
});

const recall: Application["recall"] = (ask, view) => {
  const books = view.state(LEDGER) as LedgerState;
  const id = requestIdOf(ask);
  if (isBelowFloor(books, id)) return { kind: "stale" };
  const kept = keptAnswer(books, id);
  if (kept === undefined) return { kind: "new" };
  return kept.answer === undefined
    ? { kind: "waiting" }
    : { kind: "answered", answer: kept.answer };
};

const askLedger = (ask: Ask, turn: Turn): void => {
  const registry = turn.state(REGISTRY) as RegistryState;
  const request = widenAmounts(ask.payload) as LedgerRequest;
  tellLedger(turn, {
    type: "ASK",
    atMs: turn.atMs,
    asked: { id: requestIdOf(ask), floor: ask.floor, request },
    related: relatedNow(registry),
    ownerOf: ownerNow(registry),
  });
};

/* -------------------------------------------------------------- entries from outside */

const given: Application["given"] = (verb, body, turn) => {
  if (verb === "EPOCH" && turn.bucket === SYSTEM_BUCKET) {
    if (!turn.has(LEDGER)) {
      turn.spawn("ledger", LEDGER, undefined);
      turn.spawn("registry", REGISTRY, undefined);
    }
    tellRegistry(turn, { type: "EPOCH", atMs: turn.atMs });
  }
  if (verb === "RECONCILE") takeReconciled(body as ReconcileBody, turn);
  if (verb === "RULE") {
    const { need, challenge, upheld } = body as RuleBody;
    tellChallenge(turn, challengeActor(need, challenge), { type: "RULED", upheld });
  }
};
