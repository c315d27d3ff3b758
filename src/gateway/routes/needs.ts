/** Needs: posted, looked at, followed. */

import { bucketOf, isCid } from "#envelope/cid.ts";
import { decode } from "#envelope/canonical.ts";
import type { NeedStatus } from "#actors/queries.ts";
import type { Clock } from "#ports/clock.ts";
import { isLast } from "#protocol/ends.ts";
import { REFUSALS } from "#protocol/refusals.ts";
import { GatewayError, refusalShown, statusOf } from "../errors.ts";
import { ACCOUNT_NEEDS_PER_S, BODY_BYTES_MAX, FOLLOW_MS, RETRY_AFTER_S } from "../limits.ts";
import { needShape, parseNeed } from "../need-body.ts";
import {
  endedNeedLog,
  needLog,
  needLogSince,
  outputIn,
  shownEntry,
  type Life,
  type NeedEntry,
  type NeedLog,
} from "../need-log.ts";
import type { Posting } from "../needs.ts";
import { signedNeedIn, SIGNED_BYTES_MAX } from "../signed-posts.ts";
import { plainJson } from "../plain-json.ts";
import { headerOf, type Asked, type Gateway, type Route } from "../route.ts";
import { eventStream, lastSeenOf } from "../sse.ts";

/** A JSON body is signed with the account's key; a signed envelope is passed on. */
const posted = async (gateway: Gateway, asked: Asked, account: string): Promise<Posting> => {
  const { swarm, needs, agents } = gateway;
  const { body, request } = asked;
  if (body instanceof Uint8Array) {
    const signed = signedNeedIn(body);
    if (signed.swarm === swarm.swarm) return needs.postSigned(signed, agents.posts);
    return { kind: "refused", nack: { code: "WRONG_SWARM", detail: signed.swarm } };
  }
  if (Number(headerOf(request, "content-length") ?? 0) > BODY_BYTES_MAX)
    throw new GatewayError("BODY_TOO_LARGE", { limit: BODY_BYTES_MAX });
  needs.checkRoom();
  const { body: need, block } = parseNeed(body);
  if (block !== undefined) await swarm.store.put(block, "dag-cbor");
  return needs.post(account, () => swarm.openAccount(account, 0n), need);
};

const post = async (gateway: Gateway, asked: Asked): Promise<unknown> => {
  const { caller, reply } = asked;
  const { swarm, accountRate } = gateway;
  const account = caller?.account ?? "";
  if (!accountRate.take(account, swarm.clock.monotonicMs()))
    throw new GatewayError("BUSY", { reason: `${ACCOUNT_NEEDS_PER_S} needs a second` });
  const posting = await posted(gateway, asked, account);
  switch (posting.kind) {
    case "accepted": {
      const need = posting.first ?? posting.need;
      void reply.code(posting.first === undefined ? 201 : 200);
      void reply.header("location", `/v1/needs/${need}`);
      return { need, isLogged: true };
    }
    case "pending":
      void reply.code(202).header("location", `/v1/needs/${posting.need}`);
      return { need: posting.need, isLogged: false };
    case "refused": {
      const { code, detail } = posting.nack;
      const status = statusOf(code);
      if (REFUSALS[code].retry === "later") void reply.header("retry-after", String(RETRY_AFTER_S));
      void reply.code(status);
      return refusalShown(code, detail);
    }
  }
};

/** Refuses with NEED_NOT_FOUND. */
const known = (id: string | undefined): string => {
  if (id === undefined || !isCid(id)) throw new GatewayError("NEED_NOT_FOUND", { need: id ?? "" });
  return id;
};

/** What it delivered: told at its end, else read from its log, or its block. */
const outputOf = async (
  gateway: Gateway,
  need: string,
  artifact: string,
  life: Life,
): Promise<unknown> => {
  const told = gateway.needs.endOf(need)?.output;
  if (told !== undefined) return told;
  const { entries } = await endedNeedLog(gateway.swarm, need, life);
  const inline = outputIn(entries, artifact);
  if (inline !== undefined) return inline;
  const block = await gateway.swarm.store.get(artifact);
  return block === undefined ? undefined : decode(block);
};

const show = async (gateway: Gateway, { params }: Asked): Promise<unknown> => {
  const need = known(params["id"]);
  const status = await gateway.swarm.query<NeedStatus>(bucketOf(need), "need", need);
  if (status === undefined) throw new GatewayError("NEED_NOT_FOUND", { need });
  const { stage, ended } = status;
  if (ended === undefined) return { need, stage };
  const { outcome, attempts, worker, artifact, first, key, postedAtMs, endedAtMs } = ended;
  const isPaid = outcome === "finalized" && artifact !== undefined;
  const output = isPaid ? await outputOf(gateway, need, artifact, ended) : undefined;
  return {
    need,
    key,
    stage,
    outcome,
    attempts,
    ...(worker === undefined ? {} : { worker }),
    ...(artifact === undefined ? {} : { artifact }),
    ...(first === undefined ? {} : { first }),
    ...(output === undefined ? {} : { output: plainJson(output) }),
    tookMs: endedAtMs - postedAtMs,
  };
};

/** All entries so far. */
const entriesOf = async ({ swarm }: Gateway, need: string): Promise<NeedLog> => {
  const status = await swarm.query<NeedStatus>(bucketOf(need), "need", need);
  return status?.ended === undefined
    ? needLog(swarm, need)
    : endedNeedLog(swarm, need, status.ended);
};

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));

/** Entries after the position that the reader has seen, then those that come, until the last. */
const follow = async (gateway: Gateway, asked: Asked): Promise<undefined> => {
  const { swarm } = gateway;
  const need = known(asked.params["id"]);
  const { request, reply } = asked;
  const seen = lastSeenOf(headerOf(request, "last-event-id"));
  let { entries, records } = await entriesOf(gateway, need);
  if (entries.length === 0) throw new GatewayError("NEED_NOT_FOUND", { need });
  if (entries.some((entry) => isLast(entry) && entry.position <= seen)) {
    void reply.code(204).send(); // a browser would come again for ever
    return undefined;
  }
  const release = gateway.metrics.stream();
  const stream = eventStream(reply);
  let isOpen = true;
  stream.onClose(() => {
    isOpen = false;
    release();
  });
  /** At the reader's pace: a log may be longer than what may wait for it. */
  const tell = async (all: readonly NeedEntry[]): Promise<boolean> => {
    for (const entry of all) {
      if (entry.position <= seen || !isOpen) continue;
      stream.send(entry.verb, JSON.stringify(shownEntry(entry)), String(entry.position));
      await stream.drained();
    }
    return all.some(isLast);
  };
  let isOver = await tell(entries);
  while (isOpen && !isOver && !gateway.isDraining()) {
    await pause(swarm.clock, FOLLOW_MS);
    ({ entries, records } = await needLogSince(swarm, need, records));
    isOver = await tell(entries);
  }
  stream.close();
  return undefined;
};

const log = async (gateway: Gateway, { params }: Asked): Promise<unknown> => {
  const need = known(params["id"]);
  const { entries } = await entriesOf(gateway, need);
  if (entries.length === 0) throw new GatewayError("NEED_NOT_FOUND", { need });
  return { need, bucket: bucketOf(need), entries: entries.map(shownEntry) };
};

export const NEED_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/needs",
    summary: "Post a need; it is answered once it is logged and durable.",
    auth: "account",
    body: { schema: needShape, bytesMax: SIGNED_BYTES_MAX },
    bytes: {
      what: "a signed envelope with the verb NEED: docs/protocol/envelope.md",
      bytesMax: SIGNED_BYTES_MAX,
    },
    answers: {
      200: "the account asked for the same under this key before: that need's id",
      201: "logged: its id",
      202: "its id; the swarm has not answered yet and is asked on",
      402: "the account has too little for the worst case",
      401: "no token, or a signature that is not the sender's",
      413: "above 64 KiB",
      422: "the market refuses it: code, sentence, remedy",
      429: "too many are open, the swarm is busy, or the account is too fast: see Retry-After",
    },
    handle: post,
  },
  {
    method: "GET",
    path: "/v1/needs/{id}",
    summary: "Where it stands; with its output once it is finalized.",
    auth: "none",
    answers: { 200: "its stage, and its outcome once it has ended", 404: "no such need" },
    handle: show,
  },
  {
    method: "GET",
    path: "/v1/needs/{id}/log",
    summary: "Everything that was said and decided about it, in order.",
    auth: "none",
    answers: { 200: "entries with position, log time, verb, sender and body", 404: "no such need" },
    handle: log,
  },
  {
    method: "GET",
    path: "/v1/needs/{id}/events",
    summary: "The same as server-sent events until it ends; Last-Event-ID resumes.",
    auth: "none",
    answers: {
      200: "events named by verb, their id is the position",
      204: "its last entry is the one that Last-Event-ID names",
      404: "no such need",
    },
    handle: follow,
  },
];
