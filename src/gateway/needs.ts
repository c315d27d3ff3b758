/**
 * Needs that come over HTTP: signed with the account's key, posted, counted while they are open.
 *
 * G1  An id is answered as accepted only after the swarm's ACK: by then it is logged and durable.
 * G2  At most OPEN_NEEDS_MAX are open at a time; whoever comes beyond is told at once to come later.
 */

import { bucketOf } from "#envelope/cid.ts";
import type { Signer } from "#envelope/keys.ts";
import { AgentClient, isNack, type Prepared } from "#agent/client.ts";
import { Pace } from "#agent/pace.ts";
import type { NeedStatus } from "#actors/queries.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import type { Nack, Notice, Receipt } from "#protocol/notices.ts";
import type { NeedId } from "#protocol/words.ts";
import { GatewayError } from "./errors.ts";
import { Foretelling } from "./foretelling.ts";
import {
  ASK_ENDS_MS,
  ENDS_KEPT_MAX,
  OPEN_NEEDS_GROWTH,
  OPEN_NEEDS_MAX,
  OPEN_NEEDS_START,
  RECEIPT_MS_MAX,
} from "./limits.ts";
import type { SignedNeed, SignedPosts } from "./signed-posts.ts";
import type { GatewaySwarm } from "./swarm.ts";

export interface Ended {
  readonly need: NeedId;
  readonly outcome: string;
  readonly attempts: number;
  readonly worker?: string;
  readonly artifact?: string;
  readonly output?: unknown;
}

export type Posting =
  | { readonly kind: "accepted"; readonly need: NeedId; readonly first?: NeedId }
  /** No receipt yet: the same bytes go on being sent. */
  | { readonly kind: "pending"; readonly need: NeedId }
  | { readonly kind: "refused"; readonly nack: Pick<Nack, "code" | "detail"> };

type Watcher = (ended: Ended) => void;

export class Needs {
  readonly #swarm: GatewaySwarm;
  readonly #clients = new Map<string, AgentClient>();
  readonly #opening = new Map<string, Promise<AgentClient>>();
  /** Each with the moment it was posted, ms. */
  readonly #open = new Map<NeedId, number>();
  readonly #ended = new Map<NeedId, Ended>();
  readonly #watchers = new Set<Watcher>();
  readonly #pace = new Pace(60_000, {
    start: OPEN_NEEDS_START,
    growth: OPEN_NEEDS_GROWTH,
    max: OPEN_NEEDS_MAX,
  });
  /** What this process itself says until it has an answer. */
  readonly #foretelling: Foretelling;
  #isClosed = false;
  #cancel = (): void => undefined;
  /** Counts since the start, for metrics. */
  readonly counts = { accepted: 0, refused: 0, turnedAway: 0, ended: 0 };

  constructor(swarm: GatewaySwarm) {
    this.#swarm = swarm;
    this.#foretelling = new Foretelling(swarm.clock, swarm.foreteller);
    this.#askLater();
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Since the start. */
  get foretoldCount(): number {
    return this.#foretelling.count;
  }

  /** How many may be open now: as many as end within half a deadline, OPEN_NEEDS_MAX at most. */
  get openMax(): number {
    return this.#pace.openMax(this.#swarm.clock.monotonicMs());
  }

  /** Refuses with BUSY before anything is signed. */
  checkRoom(): void {
    if (this.openCount < this.openMax) return;
    this.counts.turnedAway += 1;
    throw new GatewayError("BUSY", { reason: `${this.openCount} needs are open` });
  }

  async post(account: string, signer: () => Promise<Signer>, body: NeedBody): Promise<Posting> {
    const client = await this.#client(account, signer);
    this.checkRoom();
    const [prepared] = client.prepare("NEED", undefined, [body]);
    if (prepared === undefined) throw new Error("a NEED was not signed");
    const { id: need } = prepared;
    const nowMs = this.#swarm.clock.monotonicMs();
    this.#open.set(need, nowMs);
    this.#pace.posted(nowMs);
    this.#foretelling.posted({ need, requester: client.did, body });
    const said = client.send(prepared);
    const receipt = await this.#within(said);
    if (receipt !== undefined) return this.#answered(need, receipt);
    void this.#askOn(client, prepared, said);
    return { kind: "pending", need };
  }

  /** What was told as pending is said until it is taken or refused for good, which gives its room back. */
  async #askOn(client: AgentClient, prepared: Prepared, said: Promise<Receipt>): Promise<void> {
    const receipt = await said;
    const isFull = isNack(receipt) && receipt.code === "MAILBOX_FULL";
    const last = isFull ? await client.send(prepared, { untilTaken: true }) : receipt;
    this.#answered(prepared.id, last);
  }

  /** Signed by its sender: passed on as it is. The same bytes again are the same need. */
  async postSigned(signed: SignedNeed, posts: SignedPosts): Promise<Posting> {
    const { id: need } = signed;
    if (this.#ended.has(need)) return { kind: "accepted", need, first: need };
    const isOpen = this.#open.has(need);
    if (!isOpen) this.checkRoom();
    const nowMs = this.#swarm.clock.monotonicMs();
    if (!isOpen) this.#open.set(need, nowMs);
    if (!isOpen) this.#pace.posted(nowMs);
    const { said, forget } = posts.send(signed);
    try {
      const answer = await this.#within(said);
      if (answer?.kind === "receipt" && isOpen && !isNack(answer.receipt))
        return { kind: "accepted", need, first: answer.receipt.first ?? need };
      if (answer?.kind === "receipt") return this.#answered(need, answer.receipt);
      // Room for what may never come is no room for others.
      if (!isOpen) this.#open.delete(need);
      return answer === undefined ? { kind: "pending", need } : this.#refused(need, answer);
    } finally {
      forget();
    }
  }

  #answered(need: NeedId, receipt: Receipt): Posting {
    this.#foretelling.answered(need);
    if (isNack(receipt)) return this.#refused(need, receipt);
    this.counts.accepted += 1;
    const { first } = receipt;
    if (first === undefined || first === need) return { kind: "accepted", need };
    this.#open.delete(need);
    return { kind: "accepted", need, first };
  }

  #refused(need: NeedId, nack: Pick<Nack, "code" | "detail">): Posting {
    this.#open.delete(need);
    this.counts.refused += 1;
    return { kind: "refused", nack };
  }

  /** Its end, where this process has heard of it. */
  endOf(need: NeedId): Ended | undefined {
    return this.#ended.get(need);
  }

  onEnd(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Until what was posted has its receipt; what is open lives on in the log. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    this.#foretelling.close();
    for (const client of this.#clients.values()) client.close();
  }

  async #client(account: string, signer: () => Promise<Signer>): Promise<AgentClient> {
    const known = this.#clients.get(account);
    if (known !== undefined) return known;
    const opening = this.#opening.get(account) ?? this.#opened(account, signer);
    this.#opening.set(account, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(account);
    }
  }

  async #opened(account: string, signer: () => Promise<Signer>): Promise<AgentClient> {
    const { swarm, policy, clock } = this.#swarm;
    const client = new AgentClient({
      signer: await signer(),
      swarm,
      policy,
      link: this.#swarm.link(),
      clock,
      soon: (task) => setImmediate(task),
      onNotice: (notice) => this.#hear(notice),
    });
    this.#clients.set(account, client);
    return client;
  }

  async #within<T>(receipt: Promise<T>): Promise<T | undefined> {
    let cancel = (): void => undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = this.#swarm.clock.after(RECEIPT_MS_MAX, () => resolve(undefined));
    });
    try {
      return await Promise.race([receipt, late]);
    } finally {
      cancel();
    }
  }

  #hear(notice: Notice): void {
    if (notice.kind !== "ended") return;
    const { need, outcome, attempt, worker, artifact, output } = notice;
    this.#end({
      need,
      outcome,
      attempts: attempt,
      ...(worker === undefined ? {} : { worker }),
      ...(artifact === undefined ? {} : { artifact }),
      ...(output === undefined ? {} : { output }),
    });
  }

  #end(ended: Ended): void {
    const postedMs = this.#open.get(ended.need);
    if (postedMs === undefined) return;
    this.#open.delete(ended.need);
    const nowMs = this.#swarm.clock.monotonicMs();
    if (ended.attempts > 0) this.#pace.ended(nowMs, nowMs - postedMs);
    this.counts.ended += 1;
    this.#ended.set(ended.need, ended);
    if (this.#ended.size > ENDS_KEPT_MAX) {
      const [oldest] = this.#ended.keys();
      if (oldest !== undefined) this.#ended.delete(oldest);
    }
    for (const watcher of this.#watchers) watcher(ended);
  }

  #askLater(): void {
    this.#cancel = this.#swarm.clock.after(ASK_ENDS_MS, () => void this.#ask());
  }

  /** A notice is told once and may be lost with the thread that told it. */
  async #ask(): Promise<void> {
    const sinceMs = this.#swarm.clock.monotonicMs() - ASK_ENDS_MS;
    const old = [...this.#open].filter(([, postedMs]) => postedMs < sinceMs);
    for (const [need] of old) {
      const status = await this.#statusOf(need);
      if (status?.ended === undefined) continue;
      const { outcome, attempts, worker, artifact } = status.ended;
      this.#end({
        need,
        outcome,
        attempts,
        ...(worker === undefined ? {} : { worker }),
        ...(artifact === undefined ? {} : { artifact }),
      });
    }
    if (!this.#isClosed) this.#askLater();
  }

  /** Undefined also where nobody can say, as in a long outage: it is asked again. */
  #statusOf(need: NeedId): Promise<NeedStatus | undefined> {
    return this.#swarm.query<NeedStatus>(bucketOf(need), "need", need).catch(() => undefined);
  }
}
