/** How a challenge comes into an attempt, and what becomes of the attempt when one has ended (N4). */

import { openChallenge, end, type Args } from "./need-thread.orders.ts";

export const challenged = {
  CHALLENGED: {
    target: "contest_pending" as const,
    actions: [openChallenge, "takeChallenges" as const],
  },
};

/** A challenge has ended, ruled or without a bond. */
const contestEnd = [
  { guard: "isOneOfMany" as const, actions: "dropChallenge" as const },
  {
    guard: "isUpheldAtLast" as const,
    target: "settling" as const,
    actions: ["dropChallenge" as const, end("invalidated")],
  },
  {
    guard: "isMootAtLast" as const,
    target: "settling" as const,
    actions: "dropChallenge" as const,
  },
  {
    guard: "isLastOpen" as const,
    target: "contestable" as const,
    actions: "dropChallenge" as const,
  },
];
export const contestEnds = { CHALLENGE_RULED: contestEnd, CHALLENGE_REFUSED: contestEnd };

export const isAboutOpen = ({ context, event }: Args): boolean =>
  (event.type === "CHALLENGE_RULED" || event.type === "CHALLENGE_REFUSED") &&
  context.open.includes(event.challenge);
export const isLastOpen = (args: Args): boolean =>
  isAboutOpen(args) && args.context.open.length === 1;
export const isUpheld = ({ context, event }: Args): boolean =>
  context.upheld || (event.type === "CHALLENGE_RULED" && event.upheld);
