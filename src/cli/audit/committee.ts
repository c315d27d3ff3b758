/**
 * Why a committee is who it is: each draw of a need worked out again, with what the committee's actor had
 * in hand at that entry of the log (its question, the pinned registry revision, who sat already), and
 * held against the seats that the log names.
 */

import { drawnFor, type About, type CommitteeView } from "#actors/committee.actor.ts";
import type { Directory, Market } from "#actors/market.ts";
import { committeeRow, needOf } from "#actors/names.ts";
import type { Drawn } from "#domain/quorum/draw.ts";
import { decodeEnvelope } from "#envelope/envelope.ts";
import type { DrawBody, EndBody, NeedBody } from "#protocol/bodies.ts";
import { ENDS } from "#protocol/ends.ts";
import type { ActorKind, Application } from "#runtime/bucket/application.ts";
import type { LogRecord } from "#runtime/log/record.ts";
import { CliError } from "../errors.ts";
import type { Evidence } from "./evidence.ts";
import { namesIn } from "./need-story.ts";
import { replayEvidence } from "./replay.ts";
import { Sitting, type Round, type SittingTold } from "./sitting.ts";

export interface CommitteesTold {
  readonly need: string;
  readonly key: string;
  readonly committees: readonly SittingTold[];
}

type Asked = Extract<DrawBody, { readonly phase: "asked" }>;

/** What a draw was made of, seen while it was replayed. */
interface Seen {
  readonly about: About;
  readonly k: number;
  readonly drawn: Drawn;
}

class Committees {
  readonly #asked: string;
  readonly #market: Market;
  need: string | undefined;
  key = "";
  /** By position of the DRAW that asked. */
  readonly #seen = new Map<number, Seen>();
  #record: LogRecord | undefined;
  readonly sittings: Sitting[] = [];

  constructor(asked: string, market: Market) {
    this.#asked = asked;
    this.#market = market;
  }

  /** Before a record is applied. */
  next(record: LogRecord): void {
    this.#record = record;
    if (this.need !== undefined) return;
    for (const entry of record.entries) {
      if (entry.kind !== "envelope") continue;
      const { verb, body } = decodeEnvelope(entry.signed.bytes);
      const isMeant = entry.signed.id === this.#asked || (body as NeedBody).key === this.#asked;
      if (verb !== "NEED" || !isMeant) continue;
      this.need = entry.signed.id;
      this.key = (body as NeedBody).key;
      return;
    }
  }

  /** The market, with an eye on the committees' draws. */
  wrap(app: Application): Application {
    const committee = app.kinds["committee"];
    if (committee === undefined) throw new Error("the market has no committees");
    const perform: ActorKind["perform"] = (command, actor, turn) => {
      if (command.type !== "draw" || needOf(actor.id) !== this.need) {
        committee.perform(command, actor, turn);
        return;
      }
      const about = turn.row(committeeRow(actor.id)) as About;
      const directory = turn.pinned?.document as Directory | undefined;
      const { attempt, seats, k } = (actor.state as CommitteeView).context;
      const position = turn.position;
      committee.perform(command, actor, turn);
      const asked = this.#askedAt(position);
      // Nothing was logged: the draw waits for the registry, or asked the ledger a second time.
      if (asked === undefined || turn.position === position || directory === undefined) return;
      const { round, r, s } = asked;
      const subject = { about, attempt, round, r, s, seats, k };
      const drawn = drawnFor(turn, this.need, subject, directory, this.#market);
      this.#seen.set(position, { about, k, drawn });
    };
    return { ...app, kinds: { ...app.kinds, committee: { ...committee, perform } } };
  }

  #askedAt(position: number): Asked | undefined {
    const record = this.#record;
    const entry = record?.entries[position - record.first];
    if (entry?.kind !== "derived" || entry.verb !== "DRAW") return undefined;
    const body = entry.body as DrawBody;
    return body.phase === "asked" ? body : undefined;
  }

  /** After it was applied. */
  add(record: LogRecord): void {
    for (const [n, entry] of record.entries.entries()) {
      if (entry.kind === "envelope") {
        const { verb, from, thread, body } = decodeEnvelope(entry.signed.bytes);
        if (thread === this.need) for (const one of this.#open()) one.hear(verb, from, body);
      } else if (entry.kind === "derived" && entry.thread === this.need) {
        if (entry.verb === "DRAW") this.#draw(entry.body as DrawBody, record.first + n);
        else if (ENDS.has(entry.verb)) this.#end(entry.body as EndBody);
      }
    }
  }

  /** The last one of each question and attempt is the one that is spoken to. */
  #open(): Iterable<Sitting> {
    return new Map(this.sittings.map((one) => [`${one.attempt}/${one.question}`, one])).values();
  }

  #draw(body: DrawBody, position: number): void {
    const { attempt, question, round } = body;
    const same = (one: Sitting): boolean => one.attempt === attempt && one.question === question;
    let sitting = this.sittings.findLast(same);
    if (body.phase === "seated") {
      sitting?.seat(round, body.seats, body.skipped);
      return;
    }
    const seen = this.#seen.get(position);
    if (seen === undefined) throw new Error(`the draw at position ${position} was not seen`);
    const { about, k, drawn } = seen;
    if (sitting === undefined || sitting.subject !== about.subject) {
      sitting = new Sitting({ attempt, question, subject: about.subject, worker: about.worker, k });
      this.sittings.push(sitting);
    }
    const { registry, count } = body;
    const opened: Round = { round, position, registry, count, drawn, seats: [], skipped: [] };
    sitting.rounds.push(opened);
  }

  #end(body: EndBody): void {
    for (const one of this.sittings) if (one.attempt === body.attempt) one.end = body;
  }
}

/** The committees of a need, named by its id or key. Refuses with NEED_UNKNOWN. */
export const explainCommittees = async (
  evidence: Evidence,
  asked: string,
): Promise<CommitteesTold> => {
  const { genesis, swarm } = evidence.header;
  const committees = new Committees(asked, { genesis, parameters: genesis.parameters, swarm });
  const done = await replayEvidence(evidence, {
    next: (record) => committees.next(record),
    wrap: (app) => committees.wrap(app),
    watch: (record) => committees.add(record),
  });
  const { need, key, sittings } = committees;
  if (need === undefined) throw new CliError("NEED_UNKNOWN", { need: asked });
  const nameOf = namesIn(done);
  const verdictAt = new Map(
    evidence.drawVerdicts
      .filter((one) => one.need === need)
      .map((one) => [one.position, one.verdict]),
  );
  return {
    need,
    key,
    committees: sittings.map((one) =>
      one.told(nameOf, (position) => verdictAt.get(position) ?? "unproven"),
    ),
  };
};
