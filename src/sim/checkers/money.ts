/**
 * E1 and E3, as a dumb book of each need's escrow, kept from what buckets asked and the ledger answered:
 * what was held is what was paid, burned or given back; one posting per attempt; nothing without a hold;
 * no bounty above its tier's cap.
 */

import { decode } from "#envelope/canonical.ts";
import { amount, logsOf, type Plain, type SeenEntry } from "./log-reader.ts";
import type { Checker, Observation, Violation } from "./observation.ts";

interface Move {
  readonly from: string;
  readonly to: string;
  readonly amount: unknown;
}

interface Tiers {
  readonly parameters: {
    readonly tiers: Readonly<Record<string, { readonly bountyMax: unknown }>>;
  };
}

interface Book {
  held: bigint;
  escrow: bigint;
  readonly postings: Map<string, number>;
  isClosed: boolean;
}

/** Each question to the ledger with its answer, by (asker, number). */
const asked = (entries: readonly SeenEntry[]): ReadonlyMap<string, Plain> => {
  const questions = new Map<string, Plain>();
  for (const entry of entries)
    if (entry.kind === "ask") questions.set(`${entry.from} ${entry.number}`, entry.payload);
  return questions;
};

/** Answers are in the askers' logs; the first that was taken counts, and there must be only one. */
const booksOf = (
  observation: Observation,
): { books: Map<string, Book>; violations: Violation[] } => {
  const { ofBucket } = logsOf(observation);
  const books = new Map<string, Book>();
  const violations: Violation[] = [];
  const { tiers } = (decode(observation.genesis) as Tiers).parameters;
  const system = [...ofBucket.entries()].find(([, entries]) =>
    entries.some((entry) => entry.kind === "ask"),
  );
  const questions = asked(system?.[1] ?? []);
  for (const [bucket, entries] of ofBucket) {
    const answered = new Set<number>();
    for (const entry of entries) {
      if (entry.kind !== "answer") continue;
      if (answered.has(entry.number)) {
        const what = `question ${entry.number} was answered twice`;
        violations.push({ property: "E1", bucket, what });
      }
      answered.add(entry.number);
      const question = questions.get(`${bucket} ${entry.number}`);
      if (question === undefined) {
        const what = `the answer ${entry.number} is to a question that the ledger never took`;
        violations.push({ property: "E1", bucket, what });
        continue;
      }
      const cap = amount(tiers[String(question["tier"])]?.bountyMax);
      post(books, violations, { bucket, question, answer: entry.payload, cap });
    }
  }
  return { books, violations };
};

const post = (
  books: Map<string, Book>,
  violations: Violation[],
  {
    bucket,
    question,
    answer,
    cap,
  }: { bucket: number; question: Plain; answer: Plain; cap: bigint },
): void => {
  const need = String(question["need"]);
  const bad = (property: string, what: string): void =>
    void violations.push({ property, bucket, need, what });
  if (question["kind"] === "fund" && answer["kind"] === "held") {
    if (books.has(need)) bad("E1", "was funded twice");
    const held = amount(question["amount"]);
    const bounty = amount(question["bounty"]);
    if (bounty > cap) bad("E3", `a bounty of ${bounty} is held, above the cap ${cap} of its tier`);
    if (bounty > held) bad("E3", `a bounty of ${bounty} stands on ${held} that are held`);
    books.set(need, { held, escrow: held, postings: new Map(), isClosed: false });
  }
  if (question["kind"] !== "settle" || answer["kind"] !== "posted") return;
  const book = books.get(need);
  if (book === undefined) {
    bad("E3", "was settled without having been funded");
    return;
  }
  const attempt = String(question["attempt"]);
  if (book.isClosed) bad("E1", `attempt ${attempt} was settled after the last settlement`);
  const times = (book.postings.get(attempt) ?? 0) + 1;
  book.postings.set(attempt, times);
  if (times > 1) bad("E1", `attempt ${attempt} was settled ${times} times`);
  for (const move of answer["moves"] as readonly Move[]) {
    const sum = amount(move.amount);
    if (sum < 0n) bad("E1", `a move of ${sum}`);
    if (move.from === "escrow") book.escrow -= sum;
    if (move.to === "escrow") book.escrow += sum;
    if (book.escrow < 0n) bad("E1", `attempt ${attempt} took ${-book.escrow} more than was held`);
  }
  if (question["last"] !== true) return;
  book.isClosed = true;
  if (book.escrow !== 0n) bad("E1", `the last settlement left ${book.escrow} of ${book.held} held`);
};

export const conservation: Checker = {
  property: "E1",
  check: (observation) => {
    const { violations } = booksOf(observation);
    return { kind: "checked", violations: violations.filter(({ property }) => property === "E1") };
  },
};

export const caps: Checker = {
  property: "E3",
  check: (observation) => {
    const { violations } = booksOf(observation);
    return { kind: "checked", violations: violations.filter(({ property }) => property === "E3") };
  },
};
