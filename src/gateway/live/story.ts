/**
 * What the logs say about needs and agents, folded record by record: where each need stands, who won,
 * earned and lost. Bounded: open needs up to OPEN_MAX, of the ended ones the last ENDED_MAX.
 */

import { decodeEnvelope } from "#envelope/envelope.ts";
import type { DecideBody, EndBody, NeedBody } from "#protocol/bodies.ts";
import { ENDS } from "#protocol/ends.ts";
import type { Credits, Did, LogMs, NeedId } from "#protocol/words.ts";
import type { LogRecord } from "#runtime/log/record.ts";

/** Needs that are remembered while they are open; of more, the oldest are left out. */
export const OPEN_MAX = 10_000;
/** Ended needs that are remembered. */
export const ENDED_MAX = 50;
/** Finalized needs whose time counts in the quantiles. */
export const TIMES_MAX = 512;

/** Ends whose moment is remembered: ten seconds of a swarm at its fastest. */
export const MOMENTS_MAX = 8_192;

export interface NeedStory {
  readonly need: NeedId;
  readonly capability: string;
  readonly bounty: Credits;
  /** Unix time, as its sender says. */
  readonly sentAtMs: number;
  readonly postedAtMs: LogMs;
  /** In one word, or its outcome once it has ended. */
  state: string;
  attempt: number;
  worker: Did | undefined;
  /** From its NEED to its end in log time, ms. */
  tookMs: number | undefined;
}

export interface AgentStory {
  won: number;
  finalized: number;
  /** Out of escrows and other agents' bonds; what was its own comes back as itself. */
  earned: Credits;
  /** Of its bonds and exposures, what did not come back. */
  lost: Credits;
}

/** What an entry makes of a need that is open. */
const STATES: Readonly<Record<string, string>> = {
  OPEN_ATTEMPT: "auction",
  RANKING: "plan",
  DECIDE: "awarded",
  GRANT: "working",
  COMMIT: "judged",
  CHALLENGE: "challenged",
  SETTLE: "settling",
};

export class SwarmStory {
  readonly open = new Map<NeedId, NeedStory>();
  /** The youngest last. */
  readonly ended: NeedStory[] = [];
  readonly agents = new Map<Did, AgentStory>();
  readonly outcomes = new Map<string, number>();
  /** From NEED to FINALIZE, ms; the youngest last. */
  readonly times: number[] = [];

  /** Unix times of the last ends, ms. */
  readonly moments: number[] = [];

  add(record: LogRecord): void {
    for (const entry of record.entries) {
      if (entry.kind === "envelope") {
        const { id, bytes } = entry.signed;
        const { verb, thread, body, sentAtMs } = decodeEnvelope(bytes);
        if (verb === "NEED") this.#opened(id, body as NeedBody, sentAtMs, record.atMs);
        else this.#came(thread ?? "", verb);
      } else if (entry.kind === "derived")
        this.#decided(entry.verb, entry.thread, entry.body, record);
    }
  }

  #opened(need: NeedId, { capability, bounty }: NeedBody, sentAtMs: number, atMs: LogMs): void {
    const story = { need, capability, bounty: BigInt(bounty), sentAtMs, postedAtMs: atMs };
    const [worker, tookMs] = [undefined, undefined];
    this.open.set(need, { ...story, state: "posted", attempt: 0, worker, tookMs });
    const oldest = this.open.keys().next();
    if (this.open.size > OPEN_MAX && oldest.done !== true) this.open.delete(oldest.value);
  }

  #came(need: NeedId, verb: string): void {
    const story = this.open.get(need);
    if (story !== undefined) story.state = STATES[verb] ?? story.state;
  }

  #decided(verb: string, thread: string, body: unknown, { atMs }: LogRecord): void {
    this.#came(thread, verb);
    if (verb === "DECIDE") {
      const { need, worker, attempt } = body as DecideBody;
      this.#agent(worker).won += 1;
      const story = this.open.get(need);
      if (story !== undefined) Object.assign(story, { worker, attempt });
    } else if (ENDS.has(verb)) this.#attemptEnded(verb, body as EndBody, atMs);
  }

  #attemptEnded(verb: string, body: EndBody, atMs: LogMs): void {
    const { need, outcome, worker, last, paid = [], taken = [] } = body;
    if (verb === "FINALIZE" && worker !== undefined) this.#agent(worker).finalized += 1;
    for (const { to, amount, own } of paid)
      if (own === undefined) this.#agent(to).earned += BigInt(amount);
    for (const { from, amount } of taken) this.#agent(from).lost += BigInt(amount);
    const story = this.open.get(need);
    if (story === undefined) return;
    if (!last) {
      story.state = "again";
      story.worker = undefined;
      return;
    }
    this.open.delete(need);
    story.state = outcome;
    story.tookMs = atMs - story.postedAtMs;
    this.moments.push(story.sentAtMs + story.tookMs);
    if (this.moments.length > MOMENTS_MAX) this.moments.shift();
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.ended.push(story);
    if (this.ended.length > ENDED_MAX) this.ended.shift();
    if (verb !== "FINALIZE") return;
    this.times.push(story.tookMs);
    if (this.times.length > TIMES_MAX) this.times.shift();
  }

  #agent(did: Did): AgentStory {
    const known = this.agents.get(did);
    if (known !== undefined) return known;
    const story = { won: 0, finalized: 0, earned: 0n, lost: 0n };
    this.agents.set(did, story);
    return story;
  }
}
