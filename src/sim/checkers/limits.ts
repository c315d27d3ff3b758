/**
 * E3 of the spend firewall: no commitment that the ledger took was above a limit that stood over it then,
 * in a list kept from the logs: LIMIT and REGISTER, what buckets asked and the ledger answered, and
 * transfers that were acknowledged. Windows are counted to the millisecond of log time.
 */

import { decode } from "#envelope/canonical.ts";
import { amount, logsOf, type Plain, type SeenEntry } from "./log-reader.ts";
import type { Checker, Observation, Violation } from "./observation.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface Committed {
  readonly atMs: number;
  readonly amount: bigint;
  back: bigint;
  /** Whose limits stood over it. */
  readonly under: readonly string[];
}

type Limits = Readonly<Partial<Record<"need" | "day" | "minute" | "perMinute", bigint>>>;

const limitsOf = (given: Plain): Limits =>
  Object.fromEntries(Object.entries(given).map(([name, most]) => [name, amount(most)]));

class Ledger {
  readonly #limits = new Map<string, Limits>();
  readonly #owners = new Map<string, string>();
  readonly #committed: Committed[] = [];
  /** By need, and by challenge. */
  readonly holds = new Map<string, Committed>();
  readonly violations: Violation[] = [];

  limit({ of, limits }: Plain): void {
    const { agent, owner } = of as { agent?: string; owner?: string };
    const own = owner === undefined ? "each" : `owner ${owner}`;
    const whose = agent === undefined ? own : `agent ${agent}`;
    const given = limitsOf(limits as Plain);
    if (Object.keys(given).length === 0) this.#limits.delete(whose);
    else this.#limits.set(whose, given);
  }

  /** The first org that is attested of a key owns it for ever. */
  register(did: string, { attestations }: Plain): void {
    const labels = attestations as readonly { readonly label: string; readonly value: string }[];
    // Of several the last one counts.
    const org = labels.findLast(({ label }) => label === "org")?.value;
    if (org !== undefined && !this.#owners.has(did)) this.#owners.set(did, org);
  }

  commit(who: string, sum: bigint, atMs: number, need: string | undefined): Committed {
    const own = this.#limits.get(`agent ${who}`) ?? this.#limits.get("each");
    const owner = `owner ${this.#owners.get(who) ?? ""}`;
    const shared = this.#limits.get(owner);
    const over: (readonly [string, Limits])[] = [
      ...(own === undefined ? [] : [[`agent ${who}`, own] as const]),
      ...(shared === undefined ? [] : [[owner, shared] as const]),
    ];
    const one: Committed = { atMs, amount: sum, back: 0n, under: over.map(([whose]) => whose) };
    this.#committed.push(one);
    for (const [whose, limits] of over) this.#check(whose, limits, one, need);
    return one;
  }

  #check(whose: string, limits: Limits, { atMs, amount: sum }: Committed, need?: string): void {
    const own = this.#committed.filter(({ under }) => under.includes(whose));
    const day = own.filter((one) => one.atMs > atMs - DAY_MS);
    const minute = own.filter((one) => one.atMs > atMs - MINUTE_MS);
    const found: Limits = {
      ...(need === undefined ? {} : { need: sum }),
      day: day.reduce((all, one) => all + one.amount - one.back, 0n),
      minute: minute.reduce((all, one) => all + one.amount, 0n),
      perMinute: BigInt(minute.length),
    };
    for (const [name, most] of Object.entries(limits)) {
      const there = found[name as keyof Limits];
      if (there === undefined || there <= most) continue;
      const what = `${whose} has committed ${there} where ${name} allows ${most}`;
      this.violations.push({ property: "E3", what, ...(need === undefined ? {} : { need }) });
    }
  }
}

/** Answers in the askers' logs, by (asker, number). */
const answersOf = (entries: readonly SeenEntry[]): ReadonlyMap<string, Plain> => {
  const answers = new Map<string, Plain>();
  for (const entry of entries)
    if (entry.kind === "answer") answers.set(`${entry.bucket} ${entry.number}`, entry.payload);
  return answers;
};

const acknowledged = ({ outputs }: Observation): ReadonlySet<string> =>
  new Set(
    outputs.flatMap((output) => {
      if (output.kind !== "receipt") return [];
      const { envelope, kind } = output.receipt as { envelope: string; kind: string };
      return kind === "ack" ? [envelope] : [];
    }),
  );

const restOf = ({ moves }: Plain, requester: string): bigint =>
  (moves as readonly Plain[])
    .filter((move) => move["from"] === "escrow" && move["to"] === requester)
    .filter((move) => move["why"] === "rest of the escrow")
    .reduce((sum, move) => sum + amount(move["amount"]), 0n);

const asked = (ledger: Ledger, question: Plain, answer: Plain, atMs: number): void => {
  const need = String(question["need"]);
  const sum = amount(question["amount"]);
  const kind = `${String(question["kind"])} ${String(answer["kind"])}`;
  const challenge = String(question["challenge"]);
  if (kind === "fund held" && !ledger.holds.has(need))
    ledger.holds.set(need, ledger.commit(String(question["requester"]), sum, atMs, need));
  if (kind === "challenge held" && !ledger.holds.has(challenge)) {
    const challenger = String(question["challenger"]);
    ledger.holds.set(challenge, ledger.commit(challenger, sum, atMs, undefined));
  }
  const bond = ledger.holds.get(challenge);
  if (kind === "resolve resolved" && question["upheld"] === true && bond !== undefined)
    bond.back = bond.amount;
  const hold = ledger.holds.get(need);
  if (kind !== "settle posted" || question["last"] !== true || hold === undefined) return;
  const rest = restOf(answer, String(question["requester"]));
  hold.back = rest < hold.amount ? rest : hold.amount;
};

export const limits: Checker = {
  property: "E3",
  check: (observation) => {
    const { entries, ofBucket } = logsOf(observation);
    const { operator } = decode(observation.genesis) as { readonly operator: string };
    const system = [...ofBucket.values()].find((own) => own.some(({ kind }) => kind === "ask"));
    const answers = answersOf(entries);
    const acks = acknowledged(observation);
    const ledger = new Ledger();
    const paid = new Set<string>();
    for (const entry of system ?? []) {
      if (entry.kind === "ask") {
        const answer = answers.get(`${entry.from} ${entry.number}`);
        if (answer !== undefined) asked(ledger, entry.payload, answer, entry.atMs);
      }
      if (entry.kind !== "envelope") continue;
      const { verb, from, body, id, atMs } = entry;
      if (verb === "LIMIT") ledger.limit(body);
      if (verb === "REGISTER") ledger.register(from, body);
      if (verb !== "TRANSFER" || from === operator || !acks.has(id)) continue;
      // The same transfer said again moves nothing.
      const key = body["key"] === undefined ? id : `${from} ${String(body["key"])}`;
      if (!paid.has(key)) ledger.commit(from, amount(body["amount"]), atMs, undefined);
      paid.add(key);
    }
    const without = acks.size > 0 ? {} : { without: "no receipts were seen: no transfers" };
    return { kind: "checked", violations: ledger.violations, ...without };
  },
};
