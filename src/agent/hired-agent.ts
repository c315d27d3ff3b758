/**
 * An agent that is run for somebody: turns notices into calls of its program and the answers into
 * envelopes. What it has not answered is asked again after any cut; what it has, and nobody has heard, is
 * in its outbox, where it has one.
 *
 * G1  A notice is answered once while this process lives; a repeated one changes nothing. It is answered
 *     again where the answer did not count: what was refused, for a bucket may have told of a turn that
 *     came to nothing and is told anew; and a call for bids, which is repeated only where the auction was
 *     closed when the answer came, or has been opened again since.
 * G2  HEARTBEAT is sent only after a sign of life of the program in that interval.
 * G3  A result that comes after the lease's end is still sent under its old revision: whether it counts
 *     is the bucket's to say (STALE_FENCE), never this clock's.
 *     Where it does not, it is kept: awarded the same need again, the agent has its result already.
 * G4  A failed call is a YIELD or an abstention, never a verdict; so is an answer that no envelope holds.
 * G5  Of a foretold need nothing is said: its offer is kept until bids are called for (offers.ts).
 */

import { decode } from "#envelope/canonical.ts";
import { sha256 } from "#envelope/cid.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { CommitBody, NeedBody } from "#protocol/bodies.ts";
import { sealedBidDigest, voteDigest } from "#protocol/digests.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import type { Credits, Verdict } from "#protocol/words.ts";
import { isNack, type AgentClient } from "./client.ts";
import { commitOf, type Commit } from "./commit-of.ts";
import { viewOf } from "./need-view.ts";
import { answerKeyOf, keyOf, seatKey } from "./notice-keys.ts";
import { Offers } from "./offers.ts";
import type { Left, Reconciled } from "./outbox.ts";
import type { Asks, Runner } from "./runner/runner.ts";
import { Recent } from "./recent.ts";
import { RememberedNeeds } from "./remembered-needs.ts";
import { CALL_MS_MAX, workMs } from "./work-time.ts";

/** Results that came too late and verdicts that were refused, kept in case they are asked for again. */
export const RESULTS_KEPT_MAX = 256;
/** Units of the reason of a YIELD, and of a verdict. */
const YIELD_UNITS_MAX = 200;
const REASON_UNITS_MAX = 500;

export interface HiredOptions {
  readonly client: AgentClient;
  readonly runner: Runner;
  readonly blocks: Blocks;
  readonly clock: Clock;
  readonly policy: string;
  readonly price: Credits;
  readonly etaMs: number;
  /** Random bytes of this process: salts of hidden bids and votes. */
  readonly secret: Uint8Array;
  /** The program's own wishes, after `runner.start()`. */
  readonly asks: Asks;
  readonly onEvent?: (event: HiredEvent) => void;
}

export type HiredEvent =
  | {
      readonly type: "failed";
      readonly call: string;
      readonly code: string;
      readonly detail: string;
    }
  | { readonly type: "refused"; readonly verb: string; readonly code: string }
  | ({ readonly type: "reconciled" } & Reconciled);

type Of<K extends Notice["kind"]> = Extract<Notice, { kind: K }>;

interface Judged {
  readonly verdict: Verdict;
  readonly reason?: string;
}

export class HiredAgent {
  readonly #o: HiredOptions;
  readonly #needs = new RememberedNeeds();
  readonly #offers: Offers;
  /** Verdicts that were refused, by their need and notice: asked again, they are said again. */
  readonly #judged = new Recent<Judged>(RESULTS_KEPT_MAX);
  /** By need: a need's input never changes, and nobody has judged these. */
  readonly #late = new Recent<Omit<Commit, "block">>(RESULTS_KEPT_MAX);

  constructor(options: HiredOptions) {
    this.#o = options;
    this.#offers = new Offers(options);
  }

  /** An earlier process has answered what this one will be asked again: it is said, not done again. */
  resay(left: Left): void {
    const key = answerKeyOf(left);
    if (key !== undefined) this.#needs.of(left.thread).answered(key);
    void this.#o.client.resay(left).then((receipt) => {
      if (left.verb !== "COMMIT") return;
      const { need, attempt: _attempt, revision: _revision, ...said } = left.body as CommitBody;
      this.#keepLate(need, said, receipt);
    });
  }

  #keepLate(need: string, said: Omit<Commit, "block">, receipt: Receipt): void {
    if (isNack(receipt) && receipt.code === "STALE_FENCE") this.#late.set(need, said);
  }

  hear(notice: Notice): void {
    const key = keyOf(notice);
    if (key !== undefined) {
      const known = this.#needs.of(notice.need);
      if (known.isAnswered(key)) return;
      known.answered(key);
    }
    const forget = (): void => {
      if (key !== undefined) this.#needs.peek(notice.need)?.unanswered(key);
    };
    void this.#answer(notice)
      .then((isRefused) => {
        if (notice.kind === "bid" || isRefused) forget();
      })
      .catch((error: unknown) => {
        forget();
        this.#event({
          type: "failed",
          call: notice.kind,
          code: "ERROR",
          detail: error instanceof Error ? error.message : String(error),
        });
      });
  }

  #event(event: HiredEvent): void {
    this.#o.onEvent?.(event);
  }

  /** True: what was said last was refused. */
  async #answer(notice: Notice): Promise<boolean> {
    switch (notice.kind) {
      case "foretell":
        // Told late: it has been called for bids already.
        if (this.#needs.peek(notice.need)?.firstHeardMs === undefined)
          await this.#offers.foretell(notice);
        return false;
      case "bid":
        return this.#bid(notice);
      case "reveal-bid":
        return this.#revealBid(notice);
      case "award":
        return this.#said(
          "CLAIM",
          await this.#o.client.say("CLAIM", notice.need, {
            need: notice.need,
            attempt: notice.attempt,
            ttlMs: CALL_MS_MAX,
          }),
        );
      case "work":
        return this.#work(notice);
      case "judge-plan":
        return this.#judgePlan(notice);
      case "judge":
        return this.#judge(notice);
      case "reveal-vote":
        return this.#revealVote(notice);
      case "stop":
      case "reveal-draw":
      case "ended":
        return false;
      default:
        return notice satisfies never;
    }
  }

  #said(verb: string, receipt: Receipt): boolean {
    if (isNack(receipt)) this.#event({ type: "refused", verb, code: receipt.code });
    return isNack(receipt);
  }

  /* --------------------------------------------------------------------- bidding */

  async #bid(notice: Of<"bid">): Promise<boolean> {
    const { need, attempt, mode } = notice;
    this.#needs.of(need).firstHeardMs ??= this.#o.clock.monotonicMs();
    const bid = await this.#offers.to(notice);
    if (bid === undefined) {
      return this.#said(
        "PROPOSE",
        await this.#o.client.say("PROPOSE", need, { need, attempt, bid: { pass: true } }),
      );
    }
    // Not of what was known before the program was asked: that may be forgotten.
    this.#needs.of(need).setBid(attempt, bid);
    if (mode === "open") {
      return this.#said(
        "PROPOSE",
        await this.#o.client.say("PROPOSE", need, { need, attempt, bid: { open: bid } }),
      );
    }
    const salt = this.#salt(`bid/${need}/${attempt}`);
    const sealed = sealedBidDigest(this.#o.client.did, bid, salt);
    return this.#said(
      "PROPOSE",
      await this.#o.client.say("PROPOSE", need, { need, attempt, bid: { sealed } }),
    );
  }

  async #revealBid(notice: Of<"reveal-bid">): Promise<boolean> {
    const { need, attempt, proposal } = notice;
    const bid = this.#needs.peek(need)?.bid(attempt);
    if (bid === undefined) return false;
    const salt = this.#salt(`bid/${need}/${attempt}`);
    return this.#said(
      "REVEAL",
      await this.#o.client.say("REVEAL", need, { what: "bid", need, attempt, proposal, salt, bid }),
    );
  }

  /* --------------------------------------------------------------------- working */

  async #work(notice: Of<"work">): Promise<boolean> {
    const { need, attempt, revision, heartbeatMs } = notice;
    const { client, runner, clock } = this.#o;
    const late = this.#late.get(need);
    if (late !== undefined) return this.#commit(notice, late);
    const timeMs = this.#workTime(notice);
    const input = await this.#input(notice.body);
    let alive = true;
    let working = true;
    const beat = (): void => {
      if (!working) return;
      if (alive) {
        alive = false;
        void client.say("HEARTBEAT", need, { need, attempt, revision, progress: 0 });
      }
      clock.after(beatMs(heartbeatMs), beat);
    };
    clock.after(beatMs(heartbeatMs), beat);
    const result = await runner.call<"work">(
      { kind: "work", need: viewOf(notice), input },
      {
        get timeoutMs() {
          return timeMs();
        },
        onAlive: () => {
          alive = true;
        },
      },
    );
    working = false;
    const commit = result.kind === "failed" ? result : commitOf(result);
    if ("kind" in commit) {
      this.#event({ type: "failed", call: "work", code: commit.code, detail: commit.detail });
      const reason = cut(`${commit.code}: ${commit.detail}`, YIELD_UNITS_MAX);
      this.#said("YIELD", await client.say("YIELD", need, { need, attempt, revision, reason }));
      return false;
    }
    const { block, ...said } = commit;
    if (block !== undefined) await this.#o.blocks.put(block, "dag-cbor");
    return this.#commit(notice, said);
  }

  async #commit(
    { need, attempt, revision }: Of<"work">,
    said: Omit<Commit, "block">,
  ): Promise<boolean> {
    const body = { need, attempt, revision, ...said };
    const receipt = await this.#o.client.say("COMMIT", need, body);
    this.#keepLate(need, said, receipt);
    this.#said("COMMIT", receipt);
    // What was refused for another reason would be refused again, and work is dear.
    return isNack(receipt) && receipt.code === "STALE_FENCE";
  }

  /** Asked when the program starts: waiting for it takes from the need's time, not from the call's. */
  #workTime({ need, attempt, body, remainingMs }: Of<"work">): () => number {
    const nowMs = (): number => this.#o.clock.monotonicMs();
    const leaseEndsMs = nowMs() + remainingMs;
    const known = this.#needs.peek(need);
    const heardMs = known?.firstHeardMs;
    // The lease ends with the deadline at the latest; it is what is known of a forgotten need.
    const endsMs = Math.max(leaseEndsMs, heardMs === undefined ? 0 : heardMs + body.deadlineMs);
    const etaMs = known?.bid(attempt)?.etaMs ?? this.#o.etaMs;
    return () => workMs({ restMs: Math.max(0, endsMs - nowMs()), etaMs });
  }

  async #input(body: NeedBody): Promise<unknown> {
    if ("value" in body.input) return body.input.value;
    const bytes = await this.#o.blocks.get(body.input.cid);
    if (bytes === undefined) throw new Error(`the input block ${body.input.cid} is not stored`);
    return decode(bytes);
  }

  /* --------------------------------------------------------------------- judging */

  /** A verdict that was refused is kept: asked for it again, nobody's program is. */
  async #judgedBy(
    notice: Of<"judge-plan" | "judge">,
    judge: () => Promise<Judged>,
    say: (judged: Judged) => Promise<boolean>,
  ): Promise<boolean> {
    const key = `${notice.need}/${keyOf(notice)}`;
    const judged = this.#judged.get(key) ?? (await judge());
    const isRefused = await say(judged);
    if (isRefused) this.#judged.set(key, judged);
    return isRefused;
  }

  #judgePlan(notice: Of<"judge-plan">): Promise<boolean> {
    const { need, attempt, proposal, seat } = notice;
    const judge = async (): Promise<Judged> => ({ verdict: await this.#planVerdict(notice) });
    return this.#judgedBy(notice, judge, async ({ verdict }) => {
      if (notice.sealed) return this.#hideVote("plan", notice, proposal, verdict);
      const policyDigest = this.#o.policy;
      const body = { need, attempt, proposal, seat, verdict, policyDigest };
      return this.#said("ATTEST_PLAN", await this.#o.client.say("ATTEST_PLAN", need, body));
    });
  }

  async #planVerdict(notice: Of<"judge-plan">): Promise<Verdict> {
    const { bid, body } = notice;
    if (bid.price > body.bounty || bid.etaMs > body.deadlineMs) return "fail";
    if (!this.#o.asks.plan) return "pass";
    const result = await this.#o.runner.call<"plan">(
      {
        kind: "plan",
        need: viewOf(notice),
        bid: { price: formatCredits(bid.price), etaMs: bid.etaMs },
      },
      { timeoutMs: Math.min(CALL_MS_MAX, Math.max(1, notice.remainingMs)) },
    );
    return result.kind === "ok" ? result.value.verdict : "abstain";
  }

  #judge(notice: Of<"judge">): Promise<boolean> {
    const { need, attempt, commit, seat } = notice;
    return this.#judgedBy(
      notice,
      () => this.#verdict(notice),
      async ({ verdict, reason }) => {
        if (notice.sealed) return this.#hideVote("result", notice, commit, verdict);
        const receipt = await this.#o.client.say("ATTEST", need, {
          need,
          attempt,
          commit,
          seat,
          verdict,
          policyDigest: this.#o.policy,
          ...(reason === undefined ? {} : { reason: cut(reason, REASON_UNITS_MAX) }),
        });
        return this.#said("ATTEST", receipt);
      },
    );
  }

  async #verdict(notice: Of<"judge">): Promise<Judged> {
    const input = await this.#input(notice.body);
    let output = notice.output;
    if (output === undefined) {
      const bytes = await this.#o.blocks.get(notice.artifact);
      if (bytes === undefined)
        return { verdict: "fail", reason: "the artifact's block is not stored" };
      output = decode(bytes);
    }
    const result = await this.#o.runner.call<"judge">(
      {
        kind: "judge",
        need: viewOf(notice),
        input,
        output,
        ...(notice.telemetry === undefined ? {} : { telemetry: notice.telemetry }),
      },
      { timeoutMs: Math.min(CALL_MS_MAX, Math.max(1, notice.remainingMs)) },
    );
    if (result.kind === "ok") return result.value;
    this.#event({ type: "failed", call: "judge", code: result.code, detail: result.detail });
    return { verdict: "abstain", reason: `${result.code}: ${result.detail}` };
  }

  async #hideVote(
    question: "plan" | "result",
    notice: { need: string; attempt: number; seat: number },
    subject: string,
    verdict: Verdict,
  ): Promise<boolean> {
    const { need, attempt, seat } = notice;
    const key = seatKey({ attempt, question, seat });
    const known = this.#needs.of(need);
    known.setVote(key, { subject, verdict });
    // The seat judges another subject than before, and is to be opened again.
    known.unanswered(`reveal-vote/${key}`);
    const salt = this.#salt(`vote/${subject}/${need}/${key}`);
    const hash = voteDigest(subject, this.#o.client.did, verdict, salt);
    return this.#said(
      "VOTE",
      await this.#o.client.say("VOTE", need, { need, attempt, question, seat, subject, hash }),
    );
  }

  async #revealVote(notice: Of<"reveal-vote">): Promise<boolean> {
    const { need, attempt, question, seat } = notice;
    const key = seatKey(notice);
    const vote = this.#needs.peek(need)?.vote(key);
    if (vote === undefined) return false;
    return this.#said(
      "REVEAL",
      await this.#o.client.say("REVEAL", need, {
        what: "vote",
        need,
        attempt,
        question,
        seat,
        verdict: vote.verdict,
        // Never used again: whoever knows a salt can open the vote that it hides.
        salt: this.#salt(`vote/${vote.subject}/${need}/${key}`),
      }),
    );
  }

  #salt(label: string): Uint8Array {
    return sha256(this.#o.secret, new TextEncoder().encode(label));
  }
}

/** A text of at most so many units; the cut may not leave half a character. */
const cut = (text: string, unitsMax: number): string => text.slice(0, unitsMax).toWellFormed();

/** Three beats in two intervals, so that one late message misses none. */
const beatMs = (heartbeatMs: number): number => Math.max(1, Math.floor((heartbeatMs * 2) / 3));
