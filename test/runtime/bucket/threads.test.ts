import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WINDOW_NONCES } from "#envelope/nonce-window.ts";
import { KEEP_MS_MAX, Threads, type AnswerRow, type Said } from "#runtime/bucket/threads.ts";

const row = (envelope: string): AnswerRow => ({
  envelope,
  position: 0,
  record: 0,
  state: { kind: "owed" },
});
const VALID_MS = 600_000;
const said = (nonce: number, validMs = VALID_MS): Said => ({
  nonce,
  lamport: nonce,
  sentAtMs: 5,
  expiresAtMs: 5 + validMs,
});
const admitted = (nonces: readonly number[]): Threads => {
  const threads = new Threads();
  for (const nonce of nonces) threads.admit("t", "a", said(nonce), row(`e${nonce}`));
  return threads;
};

describe("who has spoken in a thread", () => {
  const rows: [string, number[], [string, number, string], string][] = [
    ["somebody new is fresh", [], ["a", 1, "e1"], "fresh"],
    ["the next nonce is fresh", [1, 2], ["a", 3, "e3"], "fresh"],
    ["a gap may be filled later", [1, 9], ["a", 4, "e4"], "fresh"],
    ["the same envelope comes again", [1, 2], ["a", 1, "e1"], "again"],
    ["another id under a used nonce is equivocation", [1, 2], ["a", 1, "x"], "equivocation"],
    ["below the window is old", [1, 90], ["a", 2, "e2"], "old"],
    ["below the window an answered envelope is still known", [1, 70], ["a", 1, "e1"], "again"],
    ["nonce 0 is old", [1], ["a", 0, "e0"], "old"],
    ["senders have windows of their own", [1, 90], ["b", 1, "e1"], "fresh"],
  ];
  it.each(rows)("%s", (_, nonces, [sender, nonce, id], verdict) => {
    expect(admitted(nonces).hear("t", sender, nonce, id).kind).toBe(verdict);
  });

  it("names the first envelope in an equivocation", () => {
    expect(admitted([7]).hear("t", "a", 7, "x")).toEqual({
      kind: "equivocation",
      first: row("e7"),
    });
  });

  it("gives the earlier answer, whatever it became", () => {
    const threads = admitted([1]);
    threads.answer("t", "a", 1, { kind: "refused", code: "FUNDS" });
    const heard = threads.hear("t", "a", 1, "e1");
    expect(heard).toMatchObject({ kind: "again", row: { state: { code: "FUNDS" } } });
    expect(threads.answer("t", "a", 2, { kind: "acknowledged" })).toBeUndefined();
  });

  it("keeps no answer for ever, but every one that is owed", () => {
    const threads = new Threads();
    for (let nonce = 1; nonce <= 10 * WINDOW_NONCES; nonce += 1) {
      threads.admit("t", "a", said(nonce), row(`e${nonce}`));
      if (nonce !== 1) threads.answer("t", "a", nonce, { kind: "acknowledged" });
    }
    expect(threads.hear("t", "a", 1, "e1").kind).toBe("again");
    expect(threads.hear("t", "a", 2, "e2").kind).toBe("old");
    expect(threads.hear("t", "a", 10 * WINDOW_NONCES - 5, "other").kind).toBe("equivocation");
  });

  it.each<[string, number, number]>([
    ["as long as its envelope is valid", VALID_MS, VALID_MS],
    ["a day at most", 10 * KEEP_MS_MAX, KEEP_MS_MAX],
    ["not at all where it is valid for no time", -1, 0],
  ])("is remembered after the owner left: %s", (_, validMs, keptMs) => {
    const threads = new Threads();
    threads.admit("t", "a", said(5, validMs), row("e5"));
    threads.leave("t", 1_000);
    threads.leave("t", 9_000); // only the first time counts
    threads.forget(1_000 + keptMs - 1);
    expect(threads.highest("t", "a")).toBe(5);
    expect(threads.hear("t", "a", 5, "e5")).toEqual({ kind: "again", row: row("e5") });
    threads.forget(1_000 + keptMs);
    expect(threads.highest("t", "a")).toBe(0);
    expect(threads.hear("t", "a", 5, "e5").kind).toBe("fresh");
  });

  it("is remembered longer when somebody says more after the owner left", () => {
    const threads = admitted([1]);
    threads.leave("t", 1_000);
    threads.admit("t", "b", said(3, 2 * VALID_MS), row("e3"));
    threads.answer("t", "b", 3, { kind: "refused", code: "ENDED" });
    threads.forget(1_000 + 2 * VALID_MS - 1);
    expect(threads.hear("t", "a", 1, "e1").kind).toBe("again");
    expect(threads.hear("t", "b", 3, "e3")).toMatchObject({ row: { state: { code: "ENDED" } } });
    expect(threads.lamport("t")).toBe(3);
    threads.forget(1_000 + 2 * VALID_MS);
    expect(threads.hear("t", "b", 3, "e3").kind).toBe("fresh");
  });

  it("behaves the same after a snapshot", () => {
    const step = fc.record({
      thread: fc.constantFrom("t", "u"),
      nonce: fc.integer({ min: 1, max: 200 }),
      leaves: fc.boolean(),
    });
    const property = fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, cut) => {
      let live = new Threads();
      let restored = new Threads();
      for (const [at, { thread, nonce, leaves }] of steps.entries()) {
        if (at === cut) restored = new Threads(deserialize(serialize(live.encode())));
        const both = at < cut ? [live] : [live, restored];
        const verdicts = both.map((one) => one.hear(thread, "a", nonce, `e${nonce}`).kind);
        expect(new Set(verdicts).size).toBe(1);
        for (const one of both) {
          if (verdicts[0] === "fresh") one.admit(thread, "a", said(nonce), row(`e${nonce}`));
          if (leaves) one.leave(thread, at);
          one.forget(at + VALID_MS / 2 + (leaves ? VALID_MS : 0));
        }
      }
      if (cut < steps.length) expect(restored.encode()).toEqual(live.encode());
      live = restored;
    });
    fc.assert(property);
  });
});
