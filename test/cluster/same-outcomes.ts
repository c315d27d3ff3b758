/**
 * Whether two runs of one job came to the same: what must not depend on where a bucket is led.
 *
 * Two things are not the same in any two runs, and are compared as far as they can be. A worker that is
 * later than it promised gets less of its price, so prices are compared, and that each worker has all of
 * them but for lateness. Which verifiers judge is drawn, so they are compared together. What the requester
 * keeps follows from both: it is compared together with what all agents have.
 */

import { LATENESS_MAX_PPM } from "#domain/ledger/limits.ts";
import { formatCredits } from "#protocol/amount.ts";
import { parseAmount } from "#cli/input/amount.ts";
import type { Summary } from "../integration/command.ts";

const MILLION = 1_000_000n;

/** A line for each that differs. */
export const differencesBetween = (embedded: Summary, there: Summary): string[] => {
  const [one, other] = [factsOf(embedded), factsOf(there)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((what) => one.get(what) !== other.get(what))
    .map((what) => `${what}: ${one.get(what)} embedded, ${other.get(what)} in the cluster`);
};

const factsOf = ({ tasks, agents, credits }: Summary): ReadonlyMap<string, string> => {
  const balanceOf = (name: string): bigint => amountOf(credits.balances[name] ?? "0");
  const names = new Set(["requester", ...agents.map(({ name }) => name)]);
  const all = Object.keys(credits.balances);
  const told = (names: readonly string[]): string => formatCredits(sum(names.map(balanceOf)));
  return new Map([
    ...tasks.map(
      ({ id, outcome, worker, price }) => [id, `${outcome} ${worker} ${price}`] as const,
    ),
    ...agents.flatMap(({ name, won, finalized, earned, slashed }) => {
      const brought = balanceOf(name) - amountOf(earned) + amountOf(slashed);
      return [
        [name, `${won} won, ${finalized} finalized, ${slashed} lost`],
        [`brought by ${name}`, formatCredits(brought)],
      ] as const;
    }),
    ...agents
      .filter(({ won }) => won > 0)
      .map(({ name, earned }) => [`paid to ${name}`, paid(earned, agreed(tasks, name))] as const),
    ["earned by verifiers", formatCredits(sum(agents.filter(isVerifier).map(earnedOf)))],
    ["held by the requester and all agents", told(all.filter((name) => names.has(name)))],
    // A supervisor of a cluster has an account of its own, out of the treasury.
    ["held by all others", told(all.filter((name) => !names.has(name)))],
    ["burned", credits.burned],
  ]);
};

type Agent = Summary["agents"][number];

const amountOf = (text: string): bigint => {
  const amount = parseAmount(text);
  if (amount === undefined) throw new Error(`${text} is no amount of credits`);
  return amount;
};
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n);

const earnedOf = ({ earned }: Agent): bigint => amountOf(earned);
const isVerifier = ({ won, earned }: Agent): boolean => won === 0 && earned !== "0";

const agreed = (tasks: Summary["tasks"], name: string): bigint =>
  sum(
    tasks
      .filter(({ outcome, worker }) => outcome === "finalized" && worker === name)
      .map(({ price }) => amountOf(price ?? "0")),
  );

const paid = (earned: string, prices: bigint): string => {
  const least = prices - (prices * BigInt(LATENESS_MAX_PPM)) / MILLION;
  const amount = amountOf(earned);
  const isFair = amount <= prices && amount >= least;
  return isFair
    ? "its prices, but for lateness"
    : `${earned} for prices of ${formatCredits(prices)}`;
};
