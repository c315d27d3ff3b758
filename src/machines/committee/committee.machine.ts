/**
 * Committee (protocol section 9): drawing → voting → (revealing) → agreed | absent.
 *
 * Q1 (P6)  It ends with K equal verdicts of distinct seats, or absent.
 * Q2       Abstentions and silence are drawn again from the rest, `redrawsMax` times at most.
 * Q3       Seats without an answer when K agree are `pending`: neither paid nor no-shows.
 * Q4       Hidden votes are revealed after all have voted or their deadline; silence after a hash is silence.
 * Q5       A draw waits for a registry that is not too old, `registryWaitMs` in all; no vote's deadline
 *          runs meanwhile, for those start at the draw.
 */

import { assign, setup } from "xstate";
import type { SeatFact } from "#domain/ledger/requests.ts";
import type { LogMs } from "#protocol/words.ts";
import type { CommitteeCommand } from "./committee.commands.ts";
import type { CommitteeEvent, CommitteeInput, Seat } from "./committee.events.ts";

export interface CommitteeContext extends CommitteeInput {
  readonly round: number;
  readonly seats: readonly Seat[];
  /** Waited for a registry, over all rounds. */
  readonly waitedMs: LogMs;
  /** Why a draw failed. */
  readonly failed: string | undefined;
}

type Draw = Extract<CommitteeCommand, { type: "draw" }>["params"];
type Conclusion = Extract<CommitteeCommand, { type: "conclude" }>["params"];

const count = (seats: readonly Seat[], verdict: "pass" | "fail"): number =>
  seats.filter((seat) => seat.verdict === verdict).length;
const leading = ({ seats }: CommitteeContext): number =>
  Math.max(count(seats, "pass"), count(seats, "fail"));
const hasAnswered = (seat: Seat): boolean => seat.verdict !== undefined || seat.silent === true;
const lacksVote = (seat: Seat): boolean => !hasAnswered(seat) && seat.hash === undefined;
const isWasted = (seat: Seat): boolean => seat.silent === true || seat.verdict === "abstain";

const drawOf = ({ context }: { context: CommitteeContext }): Draw => {
  const { round, seats, k } = context;
  if (round === 0) return { round, count: 2 * k - 1, least: k, firstSeat: 0 };
  const wasted = seats.filter((seat) => seat.round === round - 1 && isWasted(seat)).length;
  const least = Math.max(1, k - leading(context));
  return { round, count: Math.max(wasted, least), least, firstSeat: seats.length };
};

const factOf = (seat: Seat): SeatFact => ({
  seat: seat.seat,
  agent: seat.agent,
  answer: seat.verdict ?? (seat.silent === true ? "silent" : "pending"),
});

const conclusionOf = ({ context }: { context: CommitteeContext }): Conclusion => {
  const { seats, question, k, failed } = context;
  const result = count(seats, "pass") >= k ? "pass" : count(seats, "fail") >= k ? "fail" : "absent";
  const carried = seats.flatMap((seat) =>
    seat.verdict === result && seat.envelope !== undefined ? [seat.envelope] : [],
  );
  const end = { question, result, seats: seats.map(factOf), carried } as const;
  return failed === undefined ? end : { ...end, reason: failed };
};

/** A seat says one thing once: an open vote, or a hash and later its opening. */
const said = (
  seats: readonly Seat[],
  number: number,
  may: (seat: Seat) => boolean,
  change: Partial<Pick<Seat, "hash" | "verdict" | "envelope">>,
): readonly Seat[] =>
  seats.map((seat) => (seat.seat === number && may(seat) ? { ...seat, ...change } : seat));
const isHidden = (seat: Seat): boolean => !hasAnswered(seat) && seat.hash !== undefined;

export const committeeMachine = setup({
  types: {} as { context: CommitteeContext; events: CommitteeEvent; input: CommitteeInput },
  actions: {
    draw: (_, _params: Draw) => {},
    callForVotes: (_, _params: { readonly round: number }) => {},
    callForReveals: () => {},
    conclude: (_, _params: Conclusion) => {},
    silenceVoteless: assign({
      seats: ({ context }) =>
        context.seats.map((seat) => (lacksVote(seat) ? { ...seat, silent: true } : seat)),
    }),
    silenceUnrevealed: assign({
      seats: ({ context }) =>
        context.seats.map((seat) => (hasAnswered(seat) ? seat : { ...seat, silent: true })),
    }),
    nextRound: assign({ round: ({ context }) => context.round + 1 }),
  },
  guards: {
    isThisRound: ({ context, event }) =>
      (event.type === "SEATED" || event.type === "DRAW_FAILED") && event.round === context.round,
    hasWaitedOut: ({ context }) => context.waitedMs >= context.registryWaitMs,
    hasAgreed: ({ context }) => leading(context) >= context.k,
    isComplete: ({ context }) => context.seats.every(hasAnswered),
    mayDrawAgain: ({ context }) =>
      context.seats.every(hasAnswered) &&
      context.seats.some(isWasted) &&
      context.round < context.redrawsMax,
    awaitsReveals: ({ context }) => !context.seats.some(lacksVote) && context.seats.some(isHidden),
  },
  delays: {
    drawRetry: ({ context }) => context.askRetryMs,
    voteTime: ({ context }) => context.voteMs,
    revealTime: ({ context }) => context.revealMs,
  },
}).createMachine({
  id: "committee",
  version: "1",
  context: ({ input }) => ({ ...input, round: 0, seats: [], waitedMs: 0, failed: undefined }),
  initial: "drawing",
  states: {
    drawing: {
      entry: { type: "draw", params: drawOf },
      after: { drawRetry: { target: "drawing", reenter: true } },
      on: {
        SEATED: {
          guard: "isThisRound",
          target: "voting",
          actions: assign({
            seats: ({ context, event }) => [
              ...context.seats,
              ...event.seats.map(({ seat, agent }) => ({ seat, agent, round: event.round })),
            ],
          }),
        },
        REGISTRY_OLD: [
          {
            guard: "hasWaitedOut",
            target: "absent",
            actions: assign({ failed: "REGISTRY_OLD" }),
          },
          {
            actions: assign({ waitedMs: ({ context }) => context.waitedMs + context.askRetryMs }),
          },
        ],
        DRAW_FAILED: {
          guard: "isThisRound",
          target: "absent",
          actions: assign({ failed: ({ event }) => event.reason }),
        },
      },
    },
    voting: {
      entry: { type: "callForVotes", params: ({ context }) => ({ round: context.round }) },
      always: [
        { guard: "hasAgreed", target: "agreed" },
        { guard: "mayDrawAgain", target: "drawing", actions: "nextRound" },
        { guard: "isComplete", target: "absent" },
        { guard: "awaitsReveals", target: "revealing" },
      ],
      after: { voteTime: { actions: "silenceVoteless" } },
      on: {
        VOTED: {
          actions: assign({
            seats: ({ context, event }) =>
              said(context.seats, event.seat, lacksVote, {
                verdict: event.verdict,
                envelope: event.envelope,
              }),
          }),
        },
        VOTE_HASHED: {
          actions: assign({
            seats: ({ context, event }) =>
              said(context.seats, event.seat, lacksVote, { hash: event.hash }),
          }),
        },
      },
    },
    revealing: {
      entry: "callForReveals",
      always: [
        { guard: "hasAgreed", target: "agreed" },
        { guard: "mayDrawAgain", target: "drawing", actions: "nextRound" },
        { guard: "isComplete", target: "absent" },
      ],
      after: { revealTime: { actions: "silenceUnrevealed" } },
      on: {
        VOTE_REVEALED: {
          actions: assign({
            seats: ({ context, event }) =>
              said(context.seats, event.seat, isHidden, {
                verdict: event.verdict,
                envelope: event.envelope,
              }),
          }),
        },
      },
    },
    agreed: { type: "final", entry: { type: "conclude", params: conclusionOf } },
    absent: { type: "final", entry: { type: "conclude", params: conclusionOf } },
  },
});
