/**
 * An upheld challenge (protocol sections 8 and 12): who pays and who is paid.
 *
 * The worker's bond and the exposures of the votes that were wrong make one slashed sum. Half of it
 * goes to the challengers, 40 % to the verifiers who voted against, 10 % is burned; a share without
 * anybody to take it is burned. A challenger whose half is below half its own bond plus the cost of
 * judging once (`verifyBounty`, what the need itself pays for that) is topped up, as far as the
 * attempt's unpaid votes reach; never from anything else.
 */

import type { Credits, Did } from "#protocol/words.ts";
import { JUDGED_SLASH_PPM, UPHELD_SHARES } from "./limits.ts";
import type { Move, SettlementFacts } from "./requests.ts";
import type { Holdings } from "./settlement.ts";
import { least, most, partOf, splitByRemainder, splitEqually } from "./split.ts";

interface Side {
  readonly account: string;
  readonly of?: Did;
  readonly amount: Credits;
  readonly why: string;
}

const slashedPart = (facts: SettlementFacts, amount: Credits): Credits =>
  facts.proof === "judged" ? partOf(amount, JUDGED_SLASH_PPM) : amount;

const slashedSides = (facts: SettlementFacts, holdings: Holdings): Side[] => {
  const sides: Side[] = [];
  const { bond } = holdings;
  if (bond !== undefined) {
    const amount = slashedPart(facts, bond.amount);
    sides.push({ account: "bond", of: bond.worker, amount, why: "slashed" });
  }
  for (const { seat, agent, answer } of facts.seats) {
    if (answer !== "pass") continue;
    const exposure = holdings.exposures.find((e) => e.seat === seat && e.agent === agent);
    if (exposure === undefined) continue;
    const amount = slashedPart(facts, exposure.amount);
    sides.push({ account: "exposure", of: agent, amount, why: `wrong vote on seat ${seat}` });
  }
  return sides;
};

/** Pairs sources with sinks in order, so that each source is used up and each sink is filled. */
const pair = (sources: readonly Side[], sinks: readonly Side[]): Move[] => {
  const moves: Move[] = [];
  let index = 0;
  let room = sinks[0]?.amount ?? 0n;
  for (const source of sources) {
    let left = source.amount;
    while (left > 0n) {
      while (room === 0n) room = sinks[++index]!.amount;
      const sink = sinks[index]!;
      const amount = least(left, room);
      const of = source.of === undefined ? {} : { of: source.of };
      const why = `${source.why}: ${sink.why}`;
      moves.push({ from: source.account, to: sink.account, ...of, amount, why });
      left -= amount;
      room -= amount;
    }
  }
  return moves;
};

/** Moves of the slashed sum, and what of the bond is left for its owner. */
export const upheldMoves = (
  facts: SettlementFacts,
  holdings: Holdings,
  mayBePaid: (agent: Did) => boolean,
): { readonly moves: readonly Move[]; readonly bondLeft: Credits } => {
  const sources = slashedSides(facts, holdings);
  const slashed = sources.reduce((sum, side) => sum + side.amount, 0n);
  const [toChallengers, toHonest, toBurn] = splitByRemainder(slashed, UPHELD_SHARES) as [
    Credits,
    Credits,
    Credits,
  ];
  const worker = facts.decided?.worker;
  const challenges = holdings.upheld.filter(
    ({ challenger }) => worker === undefined || !holdings.related(challenger, worker),
  );
  const honest = facts.seats.filter((seat) => seat.answer === "fail" && mayBePaid(seat.agent));
  const rewards = challenges.length === 0 ? [] : splitEqually(toChallengers, challenges.length);
  const shares = honest.length === 0 ? [] : splitEqually(toHonest, honest.length);
  const sinks: Side[] = [
    ...challenges.map(({ challenger }, i) => ({
      account: challenger,
      amount: rewards[i]!,
      why: "reward of the challenger",
    })),
    ...honest.map(({ agent, seat }, i) => ({
      account: agent,
      amount: shares[i]!,
      why: `share of the honest seat ${seat}`,
    })),
  ];
  const burned =
    toBurn + (challenges.length === 0 ? toChallengers : 0n) + (honest.length === 0 ? toHonest : 0n);
  sinks.push({ account: "burned", amount: burned, why: "burned" });

  const moves = pair(sources, sinks);
  const wrong = facts.seats.filter((seat) => seat.answer === "pass").length;
  let unpaid = facts.verifyBounty * BigInt(wrong);
  challenges.forEach(({ challenger, amount }, i) => {
    const wanted = most(0n, amount / 2n + facts.verifyBounty - rewards[i]!);
    const topUp = least(wanted, unpaid);
    unpaid -= topUp;
    if (topUp === 0n) return;
    const why = "reward of the challenger, from the votes not paid";
    moves.push({ from: "escrow", to: challenger, amount: topUp, why });
  });
  const bondSlashed = sources[0]?.account === "bond" ? sources[0].amount : 0n;
  return { moves, bondLeft: (holdings.bond?.amount ?? 0n) - bondSlashed };
};
