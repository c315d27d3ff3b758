/**
 * Seats: locking exposures along an order, and waiting where stake is busy (protocol section 9).
 *
 * S1  Seats follow the order: an agent is passed over only because its stake at that sequence
 *     cannot carry the exposure, so anyone can check the skips at the answer's sequence.
 * S2  All or none: at least `least` seats at once, at most `count`; nothing is locked while
 *     waiting, so waiting requests cannot block each other for ever.
 * S3  Whenever stake is freed, redraws are served first, then the oldest. One that cannot be served
 *     yet does not hold up others that can; it ends as `absent` after `parameters.seatsWaitMs`.
 * S4  Whoever waits knows how many of its order could sit (`ready`), kept by the one function that
 *     changes stake, so a request costs time by its own order, not by the queue.
 */

import type { Did } from "#protocol/words.ts";
import type { DrawnSeat } from "#protocol/bodies.ts";
import { capacityOf, lockStake, stakeOf } from "./accounts.ts";
import { fillAnswer, isBelowFloor, requestKey } from "./answers.ts";
import { assert } from "./bug.ts";
import { SEATS_WAITING_MAX } from "./limits.ts";
import type { LedgerAnswer } from "./requests.ts";
import { most } from "./split.ts";
import type { AttemptHolds, LedgerState, RequestId, SeatsRequest, Waiting } from "./state.ts";

const canSit = (state: LedgerState, request: SeatsRequest, agent: Did): boolean =>
  capacityOf(state, agent) >= request.exposure;

/** Could ever: with all its stake free. */
const couldSit = (state: LedgerState, request: SeatsRequest, agent: Did): boolean =>
  stakeOf(state, agent) >= most(request.exposure, state.parameters.verifyStakeMin);

const countOf = (order: readonly Did[], holds: (agent: Did) => boolean): number => {
  let count = 0;
  for (const agent of order) if (holds(agent)) count += 1;
  return count;
};

/** Locks the seats; the caller knows that at least `least` can sit. */
const seat = (state: LedgerState, open: AttemptHolds, request: SeatsRequest): LedgerAnswer => {
  const seats: DrawnSeat[] = [];
  const passed: Did[] = [];
  let skipped: Did[] = [];
  for (const agent of request.order) {
    if (seats.length === request.count) break;
    if (!canSit(state, request, agent)) {
      passed.push(agent);
      continue;
    }
    const number = request.firstSeat + seats.length;
    const { round, exposure: amount } = request;
    lockStake(state, agent, amount, 1);
    open.exposures.push({ seat: number, round, agent, amount });
    seats.push({ seat: number, agent });
    if (skipped.length < passed.length) skipped = [...passed];
  }
  assert(seats.length >= request.least, "E2: seats are locked all or none");
  state.sequence += 1;
  return { kind: "seated", sequence: state.sequence, seats, skipped };
};

const leaveQueue = (state: LedgerState, waiting: Waiting): void => {
  state.queue.delete(requestKey(waiting.id));
  state.servable.delete(waiting);
  for (const agent of waiting.request.order) {
    const others = state.waitingBy.get(agent);
    others?.delete(waiting);
    if (others?.size === 0) state.waitingBy.delete(agent);
  }
};

/** Puts a request into the queue's indexes; also used when the books are read back. */
export const enterQueue = (state: LedgerState, waiting: Waiting): void => {
  state.queue.set(requestKey(waiting.id), waiting);
  waiting.ready = countOf(waiting.request.order, (agent) => canSit(state, waiting.request, agent));
  for (const agent of waiting.request.order) {
    const others = state.waitingBy.get(agent);
    if (others === undefined) state.waitingBy.set(agent, new Set([waiting]));
    else others.add(waiting);
  }
};

/** Forgets a waiting request whose asker no longer wants an answer. */
export const abandon = (state: LedgerState, waiting: Waiting): void => leaveQueue(state, waiting);

/** Ends the wait; whoever has moved on gets no answer (A2). */
const finish = (state: LedgerState, waiting: Waiting, answer: LedgerAnswer): void => {
  leaveQueue(state, waiting);
  if (isBelowFloor(state, waiting.id)) return;
  fillAnswer(state, waiting.id, answer);
  state.effects.answers.push({ id: waiting.id, answer });
};

/** Seats at once, or `absent` at once, or (undefined) the request waits. */
export const askSeats = (
  state: LedgerState,
  id: RequestId,
  open: AttemptHolds,
  request: SeatsRequest,
): LedgerAnswer | undefined => {
  const able = (agent: Did) => canSit(state, request, agent);
  if (countOf(request.order, able) >= request.least) return seat(state, open, request);
  const ever = (agent: Did) => couldSit(state, request, agent);
  if (countOf(request.order, ever) < request.least) return { kind: "absent" };
  if (state.queue.size >= SEATS_WAITING_MAX) return { kind: "absent" };
  state.arrivals += 1;
  const untilMs = state.nowMs + state.parameters.seatsWaitMs;
  enterQueue(state, { id, request, untilMs, arrival: state.arrivals, ready: 0 });
  open.waiting.push(id);
  return undefined;
};

const isBefore = (a: Waiting, b: Waiting): number => {
  const redraws = Number(b.request.round > 0) - Number(a.request.round > 0);
  return redraws === 0 ? a.arrival - b.arrival : redraws;
};

/** Serves who can be served after stake was freed (S3). */
export const serveQueue = (state: LedgerState): void => {
  if (state.servable.size === 0) return;
  const candidates = [...state.servable].sort(isBefore);
  state.servable.clear();
  // One pass is enough: a seating only takes stake, so whoever was passed over stays unservable.
  for (const waiting of candidates) {
    if (isBelowFloor(state, waiting.id)) {
      abandon(state, waiting);
      continue;
    }
    if (waiting.ready < waiting.request.least) continue;
    const hold = state.needs.get(waiting.request.need);
    assert(hold?.open.attempt === waiting.request.attempt, "E5: who waits has a live attempt");
    finish(state, waiting, seat(state, hold.open, waiting.request));
  }
};

/** Whoever has waited for `seatsWaitMs` counts as absent. All wait equally long: oldest first. */
export const expireQueue = (state: LedgerState): void => {
  for (const waiting of state.queue.values()) {
    if (waiting.untilMs > state.nowMs) return;
    finish(state, waiting, { kind: "absent" });
  }
};

/** An attempt that settles takes its own waiting requests out of the queue. */
export const leaveQueueOf = (state: LedgerState, open: AttemptHolds, need: string): void => {
  if (state.queue.size === 0) return;
  for (const id of open.waiting) {
    const waiting = state.queue.get(requestKey(id));
    if (waiting?.request.need === need) finish(state, waiting, { kind: "absent" });
  }
};
