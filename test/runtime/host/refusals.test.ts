import { expect, it } from "vitest";
import { Refusals } from "#runtime/host/refusals.ts";

it("tells the same refusal again, of the last half of its room at least and of no more than its room", () => {
  const refusals = new Refusals(8);
  const told = (): string[] =>
    Array.from({ length: 100 }, (_, n) => `e${n}`).filter((id) => refusals.of(id) !== undefined);
  for (let n = 0; n < 100; n += 1) {
    refusals.remember(`e${n}`, { code: "EXPIRED", detail: `${n}` });
    const last = Array.from({ length: Math.min(4, n + 1) }, (_, back) => `e${n - back}`);
    expect(told()).toEqual(expect.arrayContaining(last));
    expect(told().length).toBeLessThanOrEqual(8);
    expect(refusals.of(`e${n}`)).toEqual({ code: "EXPIRED", detail: `${n}` });
  }
  expect(refusals.of("never")).toBeUndefined();
});
