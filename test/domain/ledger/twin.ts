/**
 * The dumb twin of the ledger: replays the list of all operations with lists, scans and arithmetic
 * written from the protocol, and shares no code with it. Slow and plain on purpose.
 */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { Asked, RequestId } from "#domain/ledger/ledger.ts";
import type { LedgerRequest, SettlementFacts } from "#domain/ledger/requests.ts";
import { least, payAttempt, share } from "./twin-money.ts";
import type { Hold } from "./twin-money.ts";

export type Operation =
  | { readonly op: "tick"; readonly nowMs: number }
  | {
      readonly op: "transfer";
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly amount: bigint;
    }
  | { readonly op: "stake" | "unstake" | "slash"; readonly agent: string; readonly amount: bigint }
  | { readonly op: "ask"; readonly asked: Asked };

/** What is compared: never sequences, never words. */
export type PlainAnswer = readonly [string, ...unknown[]];
export interface Told {
  readonly id: string;
  readonly answer: PlainAnswer;
}

type Seats = Extract<LedgerRequest, { kind: "seats" }>;

const DAY = 86_400_000;

export const idText = ({ bucket, position, index }: RequestId): string =>
  `${bucket}/${position}/${index}`;

export class Twin {
  readonly parameters: Parameters;
  readonly related: (a: string, b: string) => boolean;
  nowMs = 0;
  balances: Record<string, bigint> = {};
  burned = 0n;
  staked: Record<string, bigint> = {};
  tranches: { agent: string; amount: bigint; atMs: number }[] = [];
  holds: Hold[] = [];
  transfers: (Extract<Operation, { op: "transfer" }> & { atMs: number })[] = [];
  answers: { id: string; bucket: number; position: number; answer: PlainAnswer | undefined }[] = [];
  floors: Record<number, number> = {};
  queue: { asked: Asked; request: Seats; untilMs: number }[] = [];
  cancels: { requester: string; atMs: number }[] = [];

  constructor(parameters: Parameters, minted: bigint, related: (a: string, b: string) => boolean) {
    this.parameters = parameters;
    this.related = related;
    this.balances["treasury"] = minted;
  }

  give(account: string, amount: bigint): void {
    if (account === "burned") this.burned += amount;
    else this.balances[account] = (this.balances[account] ?? 0n) + amount;
  }

  balance(account: string): bigint {
    return this.balances[account] ?? 0n;
  }

  locked(agent: string): bigint {
    let sum = 0n;
    for (const hold of this.holds) {
      if (hold.endedAtMs !== undefined) continue;
      for (const e of hold.exposures) if (e.agent === agent) sum += e.amount;
      if (hold.bond?.onStake && hold.bond.worker === agent) sum += hold.bond.amount;
    }
    return sum;
  }

  free(agent: string): bigint {
    return (this.staked[agent] ?? 0n) - this.locked(agent);
  }

  apply(operation: Operation): { told: Told[]; result: string } {
    switch (operation.op) {
      case "tick":
        return { told: this.tick(operation.nowMs), result: "" };
      case "transfer":
        return { told: [], result: this.transfer(operation) };
      case "ask": {
        const told = this.ask(operation.asked);
        return { told: [...told, ...this.serve()], result: "" };
      }
      default: {
        const result = this[operation.op](operation.agent, operation.amount);
        return { told: this.serve(), result };
      }
    }
  }

  tick(nowMs: number): Told[] {
    this.nowMs = nowMs;
    for (const tranche of this.tranches) {
      if (tranche.atMs <= nowMs) this.give(tranche.agent, tranche.amount);
    }
    this.tranches = this.tranches.filter(({ atMs }) => atMs > nowMs);
    const over = this.queue.filter(({ untilMs }) => untilMs <= nowMs);
    return over.flatMap(({ asked }) => this.finish(asked, ["absent"]));
  }

  transfer(order: Extract<Operation, { op: "transfer" }>): string {
    const earlier = this.transfers.find(
      ({ id, from, atMs }) =>
        id === order.id && (from === "treasury" || atMs + 30 * DAY > this.nowMs),
    );
    if (earlier !== undefined) {
      const { from, to, amount } = earlier;
      const same = from === order.from && to === order.to && amount === order.amount;
      return same ? "done" : "KEY_REUSED";
    }
    if (this.balance(order.from) < order.amount) return "INSUFFICIENT_FUNDS";
    this.give(order.from, -order.amount);
    this.give(order.to, order.amount);
    this.transfers.push({ ...order, atMs: this.nowMs });
    return "done";
  }

  stake(agent: string, amount: bigint): string {
    if (this.balance(agent) < amount) return "INSUFFICIENT_FUNDS";
    this.give(agent, -amount);
    this.staked[agent] = (this.staked[agent] ?? 0n) + amount;
    return "done";
  }

  unstake(agent: string, amount: bigint): string {
    const left = (this.staked[agent] ?? 0n) - amount;
    if (amount > this.free(agent)) return "INSUFFICIENT_STAKE";
    const seated = this.holds.some(
      (hold) =>
        hold.endedAtMs === undefined && hold.exposures.some((exposure) => exposure.agent === agent),
    );
    if (seated && left < this.parameters.verifyStakeMin) return "INSUFFICIENT_STAKE";
    if (this.tranches.filter((tranche) => tranche.agent === agent).length >= 64) {
      return "MAILBOX_FULL";
    }
    this.staked[agent] = left;
    const atMs = this.nowMs + this.parameters.unbondingMs;
    if (amount > 0n) this.tranches.push({ agent, amount, atMs });
    return "done";
  }

  slash(agent: string, amount: bigint): string {
    let wanted = amount;
    const fromFree = least(wanted, this.free(agent));
    this.staked[agent] = (this.staked[agent] ?? 0n) - fromFree;
    wanted -= fromFree;
    for (const tranche of this.tranches.toReversed()) {
      if (tranche.agent !== agent) continue;
      const taken = least(wanted, tranche.amount);
      tranche.amount -= taken;
      wanted -= taken;
    }
    this.tranches = this.tranches.filter((tranche) => tranche.amount > 0n);
    this.burned += amount - wanted;
    return `done ${amount - wanted}`;
  }

  canSit(request: Seats, agent: string): boolean {
    const staked = this.staked[agent] ?? 0n;
    return staked >= this.parameters.verifyStakeMin && this.free(agent) >= request.exposure;
  }

  live(need: string): Hold | undefined {
    return this.holds.find((hold) => hold.request.need === need && hold.endedAtMs === undefined);
  }

  seatNow(request: Seats): PlainAnswer | undefined {
    const able = request.order.filter((agent) => this.canSit(request, agent));
    if (able.length < request.least) return undefined;
    const seated = able.slice(0, request.count);
    const until = request.order.indexOf(seated.at(-1)!);
    const skipped = request.order.slice(0, until).filter((agent) => !seated.includes(agent));
    const seats = seated.map((agent, i) => ({ seat: request.firstSeat + i, agent }));
    const hold = this.live(request.need)!;
    for (const one of seats) hold.exposures.push({ ...one, amount: request.exposure });
    return ["seated", seats, skipped];
  }

  finish(asked: Asked, answer: PlainAnswer): Told[] {
    this.queue = this.queue.filter((waiting) => waiting.asked !== asked);
    const id = idText(asked.id);
    for (const kept of this.answers) if (kept.id === id) kept.answer = answer;
    const below = asked.id.position < (this.floors[asked.id.bucket] ?? 0);
    return below ? [] : [{ id, answer }];
  }

  /** Redraws, then the oldest; again and again until nobody can be served. */
  serve(): Told[] {
    const ranked = [...this.queue].sort(
      (a, b) => Number(b.request.round > 0) - Number(a.request.round > 0),
    );
    for (const { asked, request } of ranked) {
      if (asked.id.position < (this.floors[asked.id.bucket] ?? 0)) continue;
      const answer = this.seatNow(request);
      if (answer !== undefined) return [...this.finish(asked, answer), ...this.serve()];
    }
    return [];
  }

  ask(asked: Asked): Told[] {
    const { bucket, position } = asked.id;
    const known = this.floors[bucket] ?? 0;
    if (position < known || position < asked.floor) return [];
    const id = idText(asked.id);
    const kept = this.answers.find((answer) => answer.id === id);
    if (kept !== undefined) return kept.answer === undefined ? [] : [{ id, answer: kept.answer }];
    this.answers.push({ id, bucket, position, answer: undefined });
    const freed: Told[] = [];
    const answer = this.answer(asked, freed);
    this.floors[bucket] = Math.max(known, asked.floor);
    if (answer === undefined) return freed;
    return [...freed, ...this.finish(asked, answer)];
  }

  answer(asked: Asked, freed: Told[]): PlainAnswer | undefined {
    const { request } = asked;
    if (request.kind === "fund") return this.fund(request);
    if (request.kind === "challenge") return this.challenge(request);
    if (request.kind === "settle") return this.settle(request, asked.id, freed);
    const hold = this.live(request.need);
    if (hold === undefined) return ["refused", "UNKNOWN_THREAD"];
    if (hold.attempt !== request.attempt) return ["refused", "WRONG_STATE"];
    if (request.kind === "bond") return this.bond(hold, request);
    if (request.kind === "resolve") return this.resolve(hold, request);
    const answer = this.seatNow(request);
    if (answer !== undefined) return answer;
    const ever = request.order.filter((agent) => {
      const staked = this.staked[agent] ?? 0n;
      return staked >= request.exposure && staked >= this.parameters.verifyStakeMin;
    });
    if (ever.length < request.least) return ["absent"];
    const untilMs = this.nowMs + this.parameters.seatsWaitMs;
    this.queue.push({ asked, request, untilMs });
    return undefined;
  }

  fund(request: Extract<LedgerRequest, { kind: "fund" }>): PlainAnswer {
    const earlier = this.holds.find(
      ({ request: other, endedAtMs }) =>
        other.requester === request.requester &&
        other.key === request.key &&
        (endedAtMs === undefined || endedAtMs + 30 * DAY > this.nowMs),
    );
    if (earlier?.request.content === request.content) {
      const live = earlier.endedAtMs === undefined && earlier.request.need === request.need;
      return live ? ["held"] : ["duplicate", earlier.request.need];
    }
    if (request.bounty > this.parameters.tiers[request.tier].bountyMax) {
      return ["refused", "BOUNTY_CAP"];
    }
    if (earlier !== undefined) return ["refused", "KEY_REUSED"];
    if (this.balance(request.requester) < request.amount) return ["refused", "INSUFFICIENT_FUNDS"];
    if (this.live(request.need) !== undefined) return ["refused", "WRONG_STATE"];
    this.give(request.requester, -request.amount);
    this.holds.push({
      request,
      rest: request.amount,
      attempt: 1,
      sealed: false,
      bond: undefined,
      exposures: [],
      challenges: [],
      settled: new Set(),
      endedAtMs: undefined,
      endedBy: undefined,
    });
    return ["held"];
  }

  bond(hold: Hold, request: Extract<LedgerRequest, { kind: "bond" }>): PlainAnswer {
    const { worker, amount } = request;
    if (hold.bond !== undefined) {
      const same = hold.bond.worker === worker && hold.bond.amount === amount;
      return same ? ["held"] : ["refused", "WRONG_STATE"];
    }
    const onStake = this.free(worker) >= amount;
    if (!onStake && this.balance(worker) < amount) {
      const staker =
        (this.staked[worker] ?? 0n) > 0n || this.tranches.some(({ agent }) => agent === worker);
      return ["refused", staker ? "INSUFFICIENT_STAKE" : "INSUFFICIENT_FUNDS"];
    }
    if (hold.sealed) return ["refused", "SEALED"];
    if (!onStake) this.give(worker, -amount);
    hold.bond = { worker, amount, onStake };
    return ["held"];
  }

  /** The latest of that name, until whoever asked for its end has logged the answer. */
  knownEnd(need: string): Hold | undefined {
    const latest = this.holds.findLast((hold) => hold.request.need === need);
    if (latest?.endedBy === undefined) return undefined;
    const { bucket, position } = latest.endedBy;
    return position < (this.floors[bucket] ?? 0) ? undefined : latest;
  }

  challenge(request: Extract<LedgerRequest, { kind: "challenge" }>): PlainAnswer {
    const hold = this.live(request.need);
    if (hold === undefined) {
      const ended = this.knownEnd(request.need) !== undefined;
      return ["refused", ended ? "SEALED" : "UNKNOWN_THREAD"];
    }
    if (request.attempt > hold.attempt) return ["refused", "WRONG_STATE"];
    if (hold.challenges.some(({ id }) => id === request.challenge)) return ["held"];
    if (this.balance(request.challenger) < request.amount) return ["refused", "INSUFFICIENT_FUNDS"];
    if (hold.sealed || request.attempt < hold.attempt) return ["refused", "SEALED"];
    const share = this.parameters.tiers[hold.request.tier].challengeBondPpm;
    const minimum = (hold.request.bounty * BigInt(share)) / 1_000_000n;
    if (request.amount < minimum) return ["refused", "BOND_TOO_SMALL"];
    this.give(request.challenger, -request.amount);
    hold.challenges.push({
      id: request.challenge,
      by: request.challenger,
      amount: request.amount,
      status: "open",
      bytes: request.envelope,
    });
    return ["held"];
  }

  resolve(hold: Hold, request: Extract<LedgerRequest, { kind: "resolve" }>): PlainAnswer {
    const found = hold.challenges.find(({ id }) => id === request.challenge);
    const status = request.upheld ? "upheld" : "rejected";
    if (found === undefined) return ["refused", "WRONG_STATE"];
    if (found.status !== "open") {
      return found.status === status ? ["resolved"] : ["refused", "WRONG_STATE"];
    }
    found.status = status;
    if (request.upheld) this.give(found.by, found.amount);
    else {
      const worker = hold.bond?.worker;
      const judges = request.judges.filter(
        (judge) =>
          !this.related(judge, found.by) &&
          !this.related(judge, hold.request.requester) &&
          (worker === undefined || !this.related(judge, worker)),
      );
      const paid = judges.length === 0 ? 0n : found.amount / 2n;
      this.burned += found.amount - paid;
      share(paid, judges, (judge, part) => this.give(judge, part));
    }
    return ["resolved"];
  }

  settle(facts: SettlementFacts, by: Asked["id"], freed: Told[]): PlainAnswer {
    // A need may be funded again once its key is forgotten; what counts is the latest of that name.
    const hold = this.live(facts.need);
    const latest = hold ?? this.knownEnd(facts.need);
    if (latest?.settled.has(facts.attempt)) return ["posted"];
    if (hold === undefined) return ["refused", "UNKNOWN_THREAD"];
    if (hold.attempt !== facts.attempt) return ["refused", "WRONG_STATE"];
    const { requester, bounty, tier } = hold.request;
    const price = facts.decided?.price ?? 0n;
    const seatNumbers = facts.seats.map(({ seat }) => seat);
    if (
      facts.requester !== requester ||
      facts.bounty !== bounty ||
      facts.tier !== tier ||
      price > bounty ||
      (hold.bond !== undefined && hold.bond.worker !== facts.decided?.worker) ||
      seatNumbers.length !== new Set(seatNumbers).size
    ) {
      return ["refused", "WRONG_STATE"];
    }
    const open = hold.challenges.filter(({ status }) => status === "open");
    if (open.length > 0) {
      hold.sealed = true;
      return ["sealed", open.map(({ bytes }) => bytes)];
    }
    const books = structuredClone({
      balances: this.balances,
      burned: this.burned,
      staked: this.staked,
      rest: hold.rest,
    });
    payAttempt(this, hold, facts);
    if (hold.rest < (facts.last ? 0n : bounty)) {
      const { rest, ...before } = books;
      Object.assign(this, before);
      hold.rest = rest;
      return ["refused", "WRONG_STATE"];
    }
    this.end(hold, facts, by, freed);
    return ["posted"];
  }

  end(hold: Hold, facts: SettlementFacts, by: Asked["id"], freed: Told[]): void {
    const cancelledBefore = facts.cancelledBefore ?? facts.decided === undefined;
    if (facts.outcome === "cancelled" && cancelledBefore) {
      this.cancels.push({ requester: facts.requester, atMs: this.nowMs });
    }
    hold.settled.add(facts.attempt);
    Object.assign(hold, { attempt: hold.attempt + 1, sealed: false, bond: undefined });
    Object.assign(hold, { exposures: [], challenges: [] });
    if (facts.last) {
      this.give(facts.requester, hold.rest);
      hold.rest = 0n;
      hold.endedAtMs = this.nowMs;
      hold.endedBy = { bucket: by.bucket, position: by.position };
    }
    for (const waiting of this.queue.filter(({ request }) => request.need === facts.need)) {
      freed.push(...this.finish(waiting.asked, ["absent"]));
    }
  }
}
