/**
 * E2, as a dumb book of each agent's stake, kept from what agents said and the ledger answered: whoever
 * takes a seat has at least the minimum staked, and its open seats never lock more than that.
 *
 * The book is kept in the ledger's own order, which its answers number. Where a request waited in the
 * queue, only an interval of the system log is known in which it was answered: the agent is then given
 * the most that it had staked in it. The ledger may refuse what the log holds: an UNSTAKE counts where
 * its ACK was seen, a STAKE where no NACK was. Bonds that lie on stake and slashes outside exposures
 * are not in the book. So it judges too mildly, never too hard.
 */

import { decode } from "#envelope/canonical.ts";
import { amount, logsOf, type Plain, type SeenEntry } from "./log-reader.ts";
import type { Checker, Observation, Violation } from "./observation.ts";

interface Answered {
  readonly sequence: number;
  /** Position of the question in the system log. */
  readonly askedAt: number;
  readonly question: Plain;
  readonly answer: Plain;
}

interface Lock {
  readonly agent: string;
  readonly amount: bigint;
}

/** Seats and settlements in the order in which the ledger answered them. */
const answersOf = (observation: Observation, system: readonly SeenEntry[]): Answered[] => {
  const questions = new Map<string, { readonly at: number; readonly payload: Plain }>();
  for (const entry of system) {
    if (entry.kind !== "ask") continue;
    const name = `${entry.from} ${entry.number}`;
    if (!questions.has(name)) questions.set(name, { at: entry.position, payload: entry.payload });
  }
  const answers: Answered[] = [];
  for (const [bucket, entries] of logsOf(observation).ofBucket) {
    for (const entry of entries) {
      if (entry.kind !== "answer") continue;
      const question = questions.get(`${bucket} ${entry.number}`);
      const kind = entry.payload["kind"];
      if (question === undefined || (kind !== "seated" && kind !== "posted")) continue;
      const { at: askedAt, payload } = question;
      const sequence = Number(entry.payload["sequence"]);
      answers.push({ sequence, askedAt, question: payload, answer: entry.payload });
    }
  }
  return answers.sort((a, b) => a.sequence - b.sequence);
};

/** What the ledger is known to have done, or not to have done, by its receipts. */
const receiptsOf = ({ outputs }: Observation): ReadonlyMap<string, string> =>
  new Map(
    outputs.flatMap((output) => {
      if (output.kind !== "receipt") return [];
      const { envelope, kind } = output.receipt as { envelope: string; kind: string };
      return [[envelope, kind]];
    }),
  );

/** What each agent has staked by its own word, by position in the system log. */
class Staked {
  readonly #changes = new Map<string, { readonly at: number; readonly total: bigint }[]>();
  readonly #slashed = new Map<string, bigint>();

  constructor(system: readonly SeenEntry[], receipts: ReadonlyMap<string, string>) {
    for (const entry of system) {
      if (entry.kind !== "envelope") continue;
      const isDone =
        (entry.verb === "STAKE" && receipts.get(entry.id) !== "nack") ||
        (entry.verb === "UNSTAKE" && receipts.get(entry.id) === "ack");
      if (!isDone) continue;
      const sum = amount(entry.body["amount"]) * (entry.verb === "STAKE" ? 1n : -1n);
      const own = this.#changes.get(entry.from) ?? [];
      own.push({ at: entry.position, total: (own.at(-1)?.total ?? 0n) + sum });
      this.#changes.set(entry.from, own);
    }
  }

  slash(agent: string, sum: bigint): void {
    this.#slashed.set(agent, (this.#slashed.get(agent) ?? 0n) + sum);
  }

  /** The most that was staked at any time from one position to another, less what was slashed. */
  most(agent: string, from: number, to: number): bigint {
    let before = 0n;
    let most: bigint | undefined;
    for (const { at, total } of this.#changes.get(agent) ?? []) {
      if (at <= from) before = total;
      else if (at < to && (most === undefined || total > most)) most = total;
    }
    const staked = most === undefined || before > most ? before : most;
    return staked - (this.#slashed.get(agent) ?? 0n);
  }
}

class Book {
  readonly #staked: Staked;
  readonly #minimum: bigint;
  readonly #violations: Violation[];
  readonly #ofAttempt = new Map<string, Lock[]>();
  readonly #locked = new Map<string, bigint>();

  constructor(staked: Staked, minimum: bigint, violations: Violation[]) {
    this.#staked = staked;
    this.#minimum = minimum;
    this.#violations = violations;
  }

  seat({ question, answer }: Answered, fromAt: number, untilAt: number): void {
    const attempt = `${String(question["need"])}/${String(question["attempt"])}`;
    const exposure = amount(question["exposure"]);
    for (const seat of answer["seats"] as readonly { readonly agent: string }[]) {
      const { agent } = seat;
      const locked = (this.#locked.get(agent) ?? 0n) + exposure;
      this.#locked.set(agent, locked);
      const own = this.#ofAttempt.get(attempt) ?? [];
      own.push({ agent, amount: exposure });
      this.#ofAttempt.set(attempt, own);
      const staked = this.#staked.most(agent, fromAt, untilAt);
      const bad = (what: string): void =>
        void this.#violations.push({ property: "E2", need: String(question["need"]), what });
      if (locked > staked) bad(`${agent} has ${locked} locked and ${staked} staked`);
      if (staked < this.#minimum) bad(`${agent} was seated with ${staked} staked`);
    }
  }

  settle({ question, answer }: Answered): void {
    const attempt = `${String(question["need"])}/${String(question["attempt"])}`;
    for (const lock of this.#ofAttempt.get(attempt) ?? [])
      this.#locked.set(lock.agent, (this.#locked.get(lock.agent) ?? 0n) - lock.amount);
    this.#ofAttempt.delete(attempt);
    for (const { from, of, amount: sum } of answer["moves"] as readonly Plain[])
      if (from === "exposure") this.#staked.slash(String(of), amount(sum));
  }
}

const minimumOf = (genesis: Uint8Array): bigint => {
  const { parameters } = decode(genesis) as { readonly parameters: Plain };
  return amount(parameters["verifyStakeMin"]);
};

export const stakes: Checker = {
  property: "E2",
  check: (observation) => {
    const violations: Violation[] = [];
    const system = [...logsOf(observation).ofBucket.values()].find((entries) =>
      entries.some(({ kind }) => kind === "ask"),
    );
    if (system === undefined) return { kind: "checked", violations };
    const answers = answersOf(observation, system);
    const staked = new Staked(system, receiptsOf(observation));
    const book = new Book(staked, minimumOf(observation.genesis), violations);
    // A settlement never waits: what is numbered before one was answered before it was asked.
    const until: number[] = [];
    let nextAt = Infinity;
    for (const { answer, askedAt } of answers.toReversed()) {
      until.push(nextAt);
      if (answer["kind"] === "posted") nextAt = askedAt;
    }
    until.reverse();
    let lastAt = 0;
    for (const [at, answered] of answers.entries()) {
      if (answered.answer["kind"] === "posted") {
        book.settle(answered);
        lastAt = answered.askedAt;
        continue;
      }
      book.seat(answered, Math.max(answered.askedAt, lastAt), until[at] ?? Infinity);
    }
    return { kind: "checked", violations };
  },
};
