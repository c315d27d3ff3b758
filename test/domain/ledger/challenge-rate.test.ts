import { expect, it } from "vitest";
import { decodeLedger, encodeLedger } from "#domain/ledger/codec.ts";
import { tick, type LedgerState } from "#domain/ledger/ledger.ts";
import { answerTo, CREDIT, fundRequest, ledgerWith, parameters } from "./books.ts";

const HOUR = 3_600_000;

const market = (): LedgerState => {
  const state = ledgerWith({
    requester: { balance: 1_000n * CREDIT },
    x: { balance: 5_000n * CREDIT },
  });
  answerTo(state, fundRequest());
  return state;
};

let serial = 0;
const challenge = (state: LedgerState, entity = "org", amount = 2n * CREDIT): string => {
  serial += 1;
  const about = { need: "need-1", attempt: 1, challenge: `c${serial}` };
  const who = { challenger: "x", entity, envelope: Uint8Array.of(1) };
  const answer = answerTo(state, { kind: "challenge", ...about, ...who, amount });
  return answer?.kind === "refused" ? answer.code : (answer?.kind ?? "nothing");
};
const times = (count: number, state: LedgerState): string[] =>
  Array.from({ length: count }, () => challenge(state));

it("takes ten bonds of an entity an hour of log time, and the next when the first is an hour old", () => {
  const state = market();
  expect(new Set(times(10, state))).toEqual(new Set(["held"]));
  expect(challenge(state)).toBe("RATE_LIMITED");
  expect(challenge(state, "another")).toBe("held");
  tick(state, HOUR - 1);
  expect(challenge(state)).toBe("RATE_LIMITED");
  tick(state, HOUR);
  expect(challenge(state)).toBe("held");
});

it("takes fifty a day", () => {
  const state = market();
  for (let hour = 0; hour < 5; hour += 1) {
    tick(state, hour * 2 * HOUR);
    expect(new Set(times(10, state))).toEqual(new Set(["held"]));
  }
  tick(state, 12 * HOUR);
  expect(challenge(state)).toBe("RATE_LIMITED");
  tick(state, 24 * HOUR);
  expect(times(11, state).filter((answer) => answer === "held")).toHaveLength(10);
});

it("does not count what was refused, and counts on over a snapshot", () => {
  const state = market();
  for (let n = 0; n < 20; n += 1) expect(challenge(state, "org", 1n)).toBe("BOND_TOO_SMALL");
  times(9, state);
  const restored = decodeLedger(encodeLedger(state), parameters);
  expect(times(2, restored)).toEqual(["held", "RATE_LIMITED"]);
});

it("keeps no more than a day's times, and forgets an entity that is quiet for a day", () => {
  const state = market();
  times(3, state);
  tick(state, 23 * HOUR);
  expect(state.challenged.size).toBe(1);
  tick(state, 25 * HOUR);
  expect(state.challenged.size).toBe(0);
});
