/**
 * The swarm as it is, told to whoever watches: one picture a second for all readers, made only while
 * there are any.
 *
 * W1  A refresh reads at most READ_MAX records; a long log is caught up with in steps, and the picture
 *     says meanwhile that it is behind.
 * W2  A picture holds names and numbers alone: no input, no output, and of a need's id only its end, so
 *     that watching opens no need's log.
 */

import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { BooksStatus } from "#actors/queries.ts";
import { reputationPpm } from "#domain/registry/reputation.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { Did } from "#protocol/words.ts";
import { decodeRecord } from "#runtime/log/record.ts";
import type { Gateway } from "../route.ts";
import { SwarmStory, type AgentStory, type NeedStory } from "./story.ts";

/** Between two pictures, ms. */
export const REFRESH_MS = 1_000;
/** Records of one refresh, and of one bucket at a time. */
export const READ_MAX = 2_048;
const READ_TOGETHER = 64;
/** Buckets that are asked at a time. */
const ASKED_TOGETHER = 16;
/** Needs and agents in a picture. */
export const NEEDS_SHOWN = 60;
export const AGENTS_SHOWN = 200;
/** Over which the rate of ends is measured, ms. */
const RATE_MS = 10_000;
const MILLION = 1_000_000;
const ID_END = 8;

interface Reader {
  readonly tell: (picture: string) => void;
  readonly close: () => void;
}

type Sight = Pick<Gateway, "swarm" | "agents" | "hired" | "needs">;

export class Watch {
  readonly #sight: Sight;
  readonly #story = new SwarmStory();
  readonly #readers = new Set<Reader>();
  /** Records read, by bucket. */
  readonly #read: number[] = Array.from({ length: BUCKETS + 1 }, () => 0);
  readonly #onError: (error: unknown) => void;
  #from = 0;
  #isBehind = true;
  #last: { readonly content: string; readonly picture: string } | undefined;
  #isRefreshing = false;
  #cancel = (): void => undefined;

  constructor(sight: Sight, onError: (error: unknown) => void) {
    this.#sight = sight;
    this.#onError = onError;
  }

  /** Call what it returns when the reader has gone. */
  attach(reader: Reader): () => void {
    this.#readers.add(reader);
    if (this.#last !== undefined) reader.tell(this.#last.picture);
    if (!this.#isRefreshing) {
      this.#isRefreshing = true;
      void this.#refresh();
    }
    return () => void this.#readers.delete(reader);
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    this.#cancel();
  }

  async #refresh(): Promise<void> {
    try {
      await this.#catchUp();
      await this.#tell();
    } catch (error) {
      this.#onError(error);
    }
    if (this.#readers.size === 0) {
      this.#isRefreshing = false;
      this.#last = undefined;
      return;
    }
    this.#cancel = this.#sight.swarm.clock.after(REFRESH_MS, () => void this.#refresh());
  }

  async #catchUp(): Promise<void> {
    const { store } = this.#sight.swarm;
    let left = READ_MAX;
    this.#isBehind = false;
    for (let asked = 0; asked < BUCKETS; asked += ASKED_TOGETHER) {
      const buckets = Array.from(
        { length: ASKED_TOGETHER },
        (_, n) => (this.#from + asked + n) % BUCKETS,
      );
      const found = await Promise.all(
        buckets.map((bucket) => store.read(bucket, this.#read[bucket] ?? 0, READ_TOGETHER)),
      );
      for (const [n, records] of found.entries()) {
        for (const bytes of records) this.#story.add(decodeRecord(bytes));
        this.#read[buckets[n]!]! += records.length;
        left -= records.length;
        if (records.length === READ_TOGETHER) this.#isBehind = true;
      }
      if (left > 0) continue;
      this.#isBehind = true; // W1
      this.#from = (this.#from + asked + ASKED_TOGETHER) % BUCKETS;
      return;
    }
  }

  async #tell(): Promise<void> {
    if (this.#readers.size === 0) return;
    const content = await this.#content();
    if (content === this.#last?.content) return;
    const nowMs = Math.round(this.#sight.swarm.clock.wallMs());
    const picture = `{"nowMs":${nowMs},${content.slice(1)}`;
    this.#last = { content, picture };
    for (const reader of this.#readers) reader.tell(picture);
  }

  async #content(): Promise<string> {
    const { swarm, needs } = this.#sight;
    const rows = (await swarm.query<readonly AgentRow[]>(SYSTEM_BUCKET, "agents")) ?? [];
    const books = await swarm.query<BooksStatus>(SYSTEM_BUCKET, "books");
    const names = new Map(rows.map(({ did, name }) => [did, name]));
    const { open, ended, outcomes, times, moments } = this.#story;
    const byEnd = ended.toSorted((a, b) => endOf(b) - endOf(a));
    const youngest = [...[...open.values()].slice(-NEEDS_SHOWN).reverse(), ...byEnd];
    const sinceMs = swarm.clock.wallMs() - RATE_MS;
    const lately = moments.filter((endedAtMs) => endedAtMs > sinceMs).length;
    return JSON.stringify({
      swarm: swarm.swarm,
      isBehind: this.#isBehind,
      open: open.size,
      openMax: needs.openMax,
      outcomes: Object.fromEntries(outcomes),
      endsPerSecond: (lately * 1_000) / RATE_MS,
      latencyMs: quantilesOf(times),
      ...(books === undefined ? {} : { credits: creditsOf(books) }),
      needs: youngest.slice(0, NEEDS_SHOWN).map((story) => shownNeed(story, names)),
      agents: this.#agents(rows, books),
    });
  }

  #agents(rows: readonly AgentRow[], books: BooksStatus | undefined): readonly object[] {
    const { agents, hired } = this.#sight;
    const here = new Set(agents.listings().map(({ did }) => did));
    const stakes = new Map(books?.stakes ?? []);
    const earnedOf = ({ did }: AgentRow): bigint => this.#story.agents.get(did)?.earned ?? 0n;
    return rows
      .filter(({ roles }) => roles.some((role) => role !== "requester"))
      .sort((a, b) => Number(earnedOf(b) - earnedOf(a)))
      .slice(0, AGENTS_SHOWN)
      .map((row) => ({
        ...shownAgent(row, this.#story.agents.get(row.did)),
        stake: formatCredits(stakes.get(row.did) ?? 0n),
        listing: hired.has(row.did) ? "hired" : here.has(row.did) ? "here" : "away",
      }));
  }
}

/** Unix time at which it ended, ms. */
const endOf = ({ sentAtMs, tookMs = 0 }: NeedStory): number => sentAtMs + tookMs;

const shownNeed = (story: NeedStory, names: ReadonlyMap<Did, string>): object => {
  const { need, capability, bounty, sentAtMs, state, attempt, worker, tookMs } = story;
  return {
    id: need.slice(-ID_END), // W2
    capability,
    bounty: formatCredits(bounty),
    state,
    attempt,
    sentAtMs,
    ...(tookMs === undefined ? {} : { tookMs }),
    ...(worker === undefined ? {} : { worker: names.get(worker) ?? worker.slice(-ID_END) }),
  };
};

const shownAgent = (row: AgentRow, story: AgentStory | undefined): object => {
  const evidence = Object.values(row.reputation).map(reputationPpm);
  return {
    id: row.did.slice(-ID_END),
    name: row.name,
    roles: row.roles,
    capabilities: row.capabilities,
    isPaused: row.paused === true,
    won: story?.won ?? 0,
    finalized: story?.finalized ?? 0,
    earned: formatCredits(story?.earned ?? 0n),
    lost: formatCredits(story?.lost ?? 0n),
    // Where it has done several kinds of work: its best.
    reputation: Math.max(reputationPpm(undefined), ...evidence) / MILLION,
  };
};

const creditsOf = ({ minted, burned, escrows, bonds, total }: BooksStatus): object => ({
  minted: formatCredits(minted),
  burned: formatCredits(burned),
  escrows: formatCredits(escrows),
  bonds: formatCredits(bonds),
  conserved: total === minted,
});

/** By nearest rank; nothing before the first. */
export const quantilesOf = (times: readonly number[]): Readonly<Record<string, number>> => {
  if (times.length === 0) return {};
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
};
