/** One committee as it sat: its draws, its seats, their votes, what they were paid. */

import type { Drawn, Passed } from "#domain/quorum/draw.ts";
import type {
  AttestBody,
  AttestPlanBody,
  DrawnSeat,
  EndBody,
  RevealBody,
  VoteBody,
} from "#protocol/bodies.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { Did, EnvelopeId, Question, Verdict } from "#protocol/words.ts";
import type { DrawVerdict } from "./draws.ts";

export interface Round {
  readonly round: number;
  /** Of the DRAW that asked. */
  readonly position: number;
  readonly registry: number;
  /** Seats asked for. */
  readonly count: number;
  readonly drawn: Drawn;
  seats: readonly DrawnSeat[];
  skipped: readonly Did[];
}

export type Standing = "seated" | "skipped" | "not needed" | "not seated" | "kept out";

/** One who could have sat, in the order of the draw; after them those whom a rule kept out. */
export interface CandidateTold {
  readonly agent: string;
  readonly did: Did;
  readonly org: string;
  readonly weight: string;
  readonly standing: Standing;
  readonly why: string;
  readonly seat?: number;
  readonly vote?: Verdict | "silent" | "hidden" | "unanswered";
  /** Credits that the attempt's end moved to it for this seat, or took from it. */
  readonly paid?: string;
  readonly taken?: string;
}

export interface RoundTold {
  readonly round: number;
  readonly position: number;
  readonly registry: number;
  readonly asked: number;
  /** The seats of the log are those that the draw leads to. */
  readonly agrees: boolean;
  readonly draw: DrawVerdict["verdict"];
  readonly candidates: readonly CandidateTold[];
}

export interface SittingTold {
  readonly attempt: number;
  readonly question: Question;
  readonly worker: string;
  readonly k: number;
  readonly rounds: readonly RoundTold[];
  readonly pass: number;
  readonly fail: number;
  readonly result: "pass" | "fail" | "open" | "absent";
  /** Of the attempt; undefined while it goes on. */
  readonly outcome?: string;
}

const KEPT_OUT: Readonly<Record<Passed["why"], string>> = {
  stake: "its stake is below what this need asks of a judge",
  paused: "the operator has paused it",
  party: "it is a party of this need",
  related: "it is related to a party",
  seated: "it sat in an earlier round",
  diversity: "its org holds its share of the seats",
};

export class Sitting {
  readonly attempt: number;
  readonly question: Question;
  /** The proposal, or the COMMIT, that is judged. */
  readonly subject: EnvelopeId;
  readonly worker: Did;
  readonly k: number;
  readonly rounds: Round[] = [];
  end: EndBody | undefined = undefined;
  readonly #votes = new Map<number, Verdict | "hidden">();

  constructor(of: {
    attempt: number;
    question: Question;
    subject: EnvelopeId;
    worker: Did;
    k: number;
  }) {
    this.attempt = of.attempt;
    this.question = of.question;
    this.subject = of.subject;
    this.worker = of.worker;
    this.k = of.k;
  }

  seat(round: number, seats: readonly DrawnSeat[], skipped: readonly Did[]): void {
    const drawn = this.rounds.find((one) => one.round === round);
    if (drawn === undefined) return;
    drawn.seats = seats;
    drawn.skipped = skipped;
  }

  /** An envelope of the need's thread. */
  hear(verb: string, from: Did, body: unknown): void {
    const sits = (seat: number): boolean =>
      this.rounds.some((round) =>
        round.seats.some((one) => one.seat === seat && one.agent === from),
      );
    if (verb === "ATTEST_PLAN" || verb === "ATTEST") {
      const { attempt, seat, verdict } = body as AttestPlanBody | AttestBody;
      const subject =
        verb === "ATTEST" ? (body as AttestBody).commit : (body as AttestPlanBody).proposal;
      if (attempt === this.attempt && subject === this.subject && sits(seat))
        this.#votes.set(seat, verdict);
    } else if (verb === "VOTE") {
      const { attempt, question, seat } = body as VoteBody;
      if (attempt === this.attempt && question === this.question && sits(seat))
        this.#votes.set(seat, "hidden");
    } else if (verb === "REVEAL") {
      const opened = body as RevealBody;
      if (opened.what !== "vote" || opened.attempt !== this.attempt) return;
      if (opened.question === this.question && sits(opened.seat))
        this.#votes.set(opened.seat, opened.verdict);
    }
  }

  #count(verdict: Verdict): number {
    return [...this.#votes.values()].filter((one) => one === verdict).length;
  }

  told(
    nameOf: (did: Did) => string,
    verdictAt: (position: number) => DrawVerdict["verdict"],
  ): SittingTold {
    const { attempt, question, k, end } = this;
    const [pass, fail] = [this.#count("pass"), this.#count("fail")];
    const result = pass >= k ? "pass" : fail >= k ? "fail" : end === undefined ? "open" : "absent";
    const isAgreed = result === "pass" || result === "fail";
    return {
      attempt,
      question,
      worker: nameOf(this.worker),
      k,
      rounds: this.rounds.map((round) => ({
        round: round.round,
        position: round.position,
        registry: round.registry,
        asked: round.count,
        agrees: agrees(round),
        draw: verdictAt(round.position),
        candidates: this.#candidates(round, nameOf, isAgreed),
      })),
      pass,
      fail,
      result,
      ...(end === undefined ? {} : { outcome: end.outcome }),
    };
  }

  #candidates(round: Round, nameOf: (did: Did) => string, isAgreed: boolean): CandidateTold[] {
    const { drawn, seats, skipped } = round;
    const ordered = drawn.order.map((candidate, n): CandidateTold => {
      const { did, org, weight } = candidate;
      const base = { agent: nameOf(did), did, org: nameOf(org), weight: String(weight) };
      const place = `number ${n + 1} of the order`;
      const seat = seats.find((one) => one.agent === did)?.seat;
      if (seat !== undefined)
        return { ...base, standing: "seated", why: place, seat, ...this.#sat(seat, did, isAgreed) };
      if (skipped.includes(did))
        return {
          ...base,
          standing: "skipped",
          why: `${place}, but without free stake for a seat, or paused`,
        };
      if (seats.length === 0)
        return { ...base, standing: "not seated", why: `${place}, but nobody was seated` };
      return { ...base, standing: "not needed", why: `${place}, the seats were filled before` };
    });
    const passed = drawn.passed.map(({ did, org, weight, why }): CandidateTold => ({
      agent: nameOf(did),
      did,
      org: nameOf(org),
      weight: String(weight),
      standing: "kept out",
      why: KEPT_OUT[why],
    }));
    return [...ordered, ...passed];
  }

  #sat(seat: number, did: Did, isAgreed: boolean): Pick<CandidateTold, "vote" | "paid" | "taken"> {
    const { end } = this;
    const vote =
      this.#votes.get(seat) ?? (isAgreed ? "unanswered" : end === undefined ? undefined : "silent");
    const isMine = (why: string): boolean =>
      this.question === "plan" ? why.startsWith("plan vote") : why.endsWith(` seat ${seat}`);
    const sum = (amounts: readonly (bigint | number)[]): string | undefined =>
      amounts.length === 0
        ? undefined
        : formatCredits(amounts.reduce<bigint>((all, one) => all + BigInt(one), 0n));
    const paid = sum(
      (end?.paid ?? []).filter((one) => one.to === did && isMine(one.why)).map((one) => one.amount),
    );
    const taken = sum(
      (end?.taken ?? [])
        .filter((one) => one.from === did && isMine(one.why))
        .map((one) => one.amount),
    );
    return {
      ...(vote === undefined ? {} : { vote }),
      ...(paid === undefined ? {} : { paid }),
      ...(taken === undefined ? {} : { taken }),
    };
  }
}

/** Seats follow the order, but for those skipped; who was skipped stood before a seat. */
const agrees = ({ drawn, seats, skipped, count }: Round): boolean => {
  const order = drawn.order.map((one) => one.did);
  if (seats.length === 0) return skipped.every((did) => order.includes(did));
  if (seats.length > count) return false;
  const expected = order.filter((did) => !skipped.includes(did)).slice(0, seats.length);
  return (
    skipped.every((did) => order.includes(did)) &&
    seats.every((one, n) => one.agent === expected[n])
  );
};
