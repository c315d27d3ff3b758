import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixedPrice, learningPrice, shareOfBounty } from "#agent/sdk/strategies.ts";
import { formatCredits, parseCredits } from "#protocol/amount.ts";

const asked = (bounty: string, id = "n") => ({
  need: {
    id,
    key: "k",
    attempt: 1,
    capability: "c",
    requester: "did:r",
    bounty,
    verifyBounty: "0.1",
    tier: "small" as const,
    deadlineMs: 1_000,
  },
});

describe("strategies", () => {
  it.each([
    ["2", "2", { price: "2" }],
    ["2", "1.999999", { pass: true }],
  ])("a fixed price of %s meets a bounty of %s", (price, bounty, bid) => {
    expect(fixedPrice(price)(asked(bounty))).toEqual(bid);
  });

  it.each([
    [500_000, "0.1", "2", { price: "1" }],
    [500_000, "1.5", "2", { price: "1.5" }],
    [333_333, "0", "0.000001", { price: "0" }],
    [500_000, "3", "2", { pass: true }],
  ])("a share of %i ppm with the floor %s of the bounty %s", (ppm, floor, bounty, bid) => {
    expect(shareOfBounty(ppm, floor)(asked(bounty))).toEqual(bid);
  });

  it("a learner goes up where it wins, down where it loses, and never leaves its bounds", () => {
    const credits = fc.bigInt({ min: 1n, max: 50_000_000n }).map(formatCredits);
    fc.assert(
      fc.property(
        credits,
        credits,
        fc.array(fc.tuple(credits, fc.boolean())),
        (start, floor, life) => {
          const learner = learningPrice(start, floor);
          for (const [n, [bounty, wins]] of life.entries()) {
            const bid = learner.bid(asked(bounty, `n${n}`));
            const [least, most] = [parseCredits(floor)!, parseCredits(bounty)!];
            if ("pass" in bid) expect(least > most).toBe(true);
            else {
              const price = parseCredits(bid.price!)!;
              expect(price <= most).toBe(true);
              // Where it started below its own floor it stays there until the first move.
              expect(price >= least || price === parseCredits(start)).toBe(true);
            }
            if (wins) learner.won(`n${n}`);
          }
        },
      ),
    );
    const winner = learningPrice("1", "0.1");
    winner.bid(asked("10", "a"));
    winner.won("a");
    winner.won("a");
    expect(winner.bid(asked("10", "b"))).toEqual({ price: "1.02" });
    const loser = learningPrice("1", "0.9");
    for (let n = 0; n < 17; n += 1) loser.bid(asked("10", `n${n}`));
    expect(loser.bid(asked("10", "last"))).toEqual({ price: "0.9025" });
    for (let n = 0; n < 40; n += 1) loser.bid(asked("10", `m${n}`));
    expect(loser.bid(asked("10", "end"))).toEqual({ price: "0.9" });
  });

  it.each([() => fixedPrice("1e9"), () => shareOfBounty(0, "1"), () => learningPrice("-1", "0")])(
    "what is no amount or no share is refused when the agent is made (%#)",
    (make) => expect(make).toThrow(/amount|share/),
  );
});
