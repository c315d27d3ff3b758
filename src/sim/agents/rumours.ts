/**
 * What everybody's enemy knows: an eavesdropper on every wire of the simulated world, in both
 * directions. It keeps wires for those who say them again, and facts for those who lie about them.
 *
 * U1  Facts come from notices as they were sent, never from a bucket's state.
 * U2  Everything is bounded; the oldest is forgotten first.
 */

import { encode } from "#envelope/canonical.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import type { Cid, Did, EnvelopeId, NeedId } from "#protocol/words.ts";
import type { Prng } from "../kernel/prng.ts";

/** Wires kept; a run has about as many again. */
export const WIRES_MAX = 4_000;
/** Receipts and notices kept, as bytes. */
export const ANSWERS_MAX = 500;
/** Needs about which facts are kept. */
export const NEEDS_MAX = 256;
/** Seats remembered of one need. */
const SEATS_MAX = 32;

export interface HeardWire {
  readonly from: string;
  readonly thread: string;
  readonly wire: Uint8Array;
}

export interface HeardSeat {
  readonly agent: Did;
  readonly seat: number;
  readonly question: "plan" | "result";
  readonly subject: EnvelopeId;
  readonly sealed: boolean;
}

export interface HeardCommit {
  readonly commit: EnvelopeId;
  readonly attempt: number;
  readonly worker: Did;
  readonly artifact: Cid;
  readonly output: unknown;
}

/** What was overheard about one need. */
export interface HeardNeed {
  readonly need: NeedId;
  requester: Did | undefined;
  body: NeedBody | undefined;
  attempt: number;
  proposal: EnvelopeId | undefined;
  worker: Did | undefined;
  revision: number;
  commit: HeardCommit | undefined;
  readonly seats: HeardSeat[];
  ended: boolean;
}

export class Rumours {
  readonly #wires: HeardWire[] = [];
  readonly #answers: Uint8Array[] = [];
  readonly #needs = new Map<NeedId, HeardNeed>();
  readonly #watchers: ((need: HeardNeed, commit: HeardCommit) => void)[] = [];
  readonly #people = new Set<Did>();

  /** Told of every COMMIT that somebody is asked to judge, once. */
  onCommit(watcher: (need: HeardNeed, commit: HeardCommit) => void): () => void {
    this.#watchers.push(watcher);
    return () => {
      const at = this.#watchers.indexOf(watcher);
      if (at >= 0) this.#watchers.splice(at, 1);
    };
  }

  said(heard: HeardWire): void {
    this.#wires.push(heard);
    if (this.#wires.length > WIRES_MAX) this.#wires.shift();
  }

  answered(to: Did, receipt: Receipt): void {
    this.#people.add(to);
    this.#keepAnswer(receipt);
  }

  told(to: Did, notice: Notice): void {
    this.#people.add(to);
    this.#keepAnswer(notice);
    const known = this.#needOf(notice.need);
    known.attempt = Math.max(known.attempt, notice.attempt);
    if ("requester" in notice) known.requester = notice.requester;
    if ("body" in notice) known.body = notice.body;
    switch (notice.kind) {
      case "judge-plan": {
        const { seat, proposal: subject, sealed } = notice;
        known.proposal = subject;
        this.#seat(known, { agent: to, seat, question: "plan", subject, sealed });
        break;
      }
      case "award":
        known.worker = to;
        break;
      case "work":
        known.worker = to;
        known.revision = notice.revision;
        break;
      case "judge": {
        const { seat, commit, sealed, attempt, worker, artifact, output } = notice;
        this.#seat(known, { agent: to, seat, question: "result", subject: commit, sealed });
        if (known.commit?.commit === commit) break;
        known.commit = { commit, attempt, worker, artifact, output };
        for (const watcher of this.#watchers) watcher(known, known.commit);
        break;
      }
      case "ended":
        known.ended = true;
        break;
      case "foretell":
      case "bid":
      case "reveal-bid":
      case "stop":
      case "reveal-draw":
      case "reveal-vote":
        break;
      default:
        notice satisfies never;
    }
  }

  get wires(): readonly HeardWire[] {
    return this.#wires;
  }

  get answers(): readonly Uint8Array[] {
    return this.#answers;
  }

  get people(): readonly Did[] {
    return [...this.#people];
  }

  get needs(): readonly HeardNeed[] {
    return [...this.#needs.values()];
  }

  /** Mostly one that lives, for what is dead takes no harm. */
  someNeed(chance: Prng): HeardNeed | undefined {
    const all = this.needs;
    const living = all.filter(({ ended }) => !ended);
    const from = living.length > 0 && chance.chance(800_000) ? living : all;
    return from.length === 0 ? undefined : chance.pick(from);
  }

  #keepAnswer(answer: Receipt | Notice): void {
    if (this.#answers.length >= ANSWERS_MAX) return;
    this.#answers.push(encode(answer));
  }

  #seat(known: HeardNeed, seat: HeardSeat): void {
    const isKnown = known.seats.some(
      (other) => other.seat === seat.seat && other.subject === seat.subject,
    );
    if (isKnown) return;
    known.seats.push(seat);
    if (known.seats.length > SEATS_MAX) known.seats.shift();
  }

  #needOf(need: NeedId): HeardNeed {
    const known = this.#needs.get(need);
    if (known !== undefined) return known;
    const fresh: HeardNeed = {
      need,
      requester: undefined,
      body: undefined,
      attempt: 1,
      proposal: undefined,
      worker: undefined,
      revision: 0,
      commit: undefined,
      seats: [],
      ended: false,
    };
    this.#needs.set(need, fresh);
    if (this.#needs.size > NEEDS_MAX) {
      const oldest = this.#needs.keys().next().value;
      if (oldest !== undefined) this.#needs.delete(oldest);
    }
    return fresh;
  }
}
