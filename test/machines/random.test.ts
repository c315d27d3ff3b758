/**
 * Random words in any order, also impossible ones, then a quiet world: the ledger and a challenge's
 * operator answer, timers fire, nobody else says anything. First nothing wrong may happen, then all ends.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NeedThreadEvent, NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import type { CommitteeCommand } from "#machines/committee/committee.commands.ts";
import type { CommitteeEvent } from "#machines/committee/committee.events.ts";
import { needThreadMachine } from "#machines/need-thread/need-thread.machine.ts";
import { stageOf } from "#machines/need-thread/need-thread.stage.ts";
import type { Command, Event } from "#runtime/logic/logic.ts";
import { concluded, leaseEnded, needInput, ranked, SUBJECTS } from "./subjects.ts";
import { nextTimer, walkerOf, type Place, type Taken } from "./walk.ts";
import { contextOf, watchOver } from "./watch.ts";

/** Timers that a quiet run may need; more would be a loop. */
const QUIET_TIMERS_MAX = 200;

const workers = fc.uniqueArray(fc.constantFrom("w1", "w2", "w3", "w4"), { maxLength: 4 });
const challenge = fc.constantFrom("c1", "c2");
const result = fc.constantFrom("pass" as const, "fail" as const, "absent" as const);
const word = (...events: NeedThreadEvent[]): fc.Arbitrary<NeedThreadEvent> =>
  fc.constantFrom(...events);

const needWords: fc.Arbitrary<NeedThreadEvent> = fc.oneof(
  word(
    { type: "FUNDED", atMs: 5 },
    { type: "NO_BIDS" },
    { type: "CANCEL" },
    { type: "LOST" },
    { type: "PAUSED" },
  ),
  workers.map((from) => ({ type: "RANKED", bids: from.map(ranked), barred: [] }) as const),
  fc
    .tuple(result, fc.constantFrom("plan" as const, "result" as const))
    .map(([end, question]) => concluded(question, end, end === "absent" ? "silent" : end)),
  word({ type: "DECIDED" }, { type: "LEASED", revision: 3, atMs: 9, ttlMs: 900 }),
  word(leaseEnded("released"), leaseEnded("yielded"), leaseEnded("revoked")),
  word({ type: "COMMITTED", commit: "commit", artifact: "artifact", elapsedMs: 3 }),
  challenge.map((id) => ({ type: "CHALLENGED", atMs: 9, challenge: id }) as const),
  fc
    .tuple(challenge, fc.boolean())
    .map(([id, upheld]) => ({ type: "CHALLENGE_RULED", atMs: 9, challenge: id, upheld }) as const),
  challenge.map((id) => ({ type: "CHALLENGE_OPENED", challenge: id }) as const),
  challenge.map((id) => ({ type: "CHALLENGE_REFUSED", atMs: 9, challenge: id }) as const),
  challenge.map((id) => ({ type: "SETTLE_SEALED", open: [id] }) as const),
  word({ type: "SETTLED", sequence: 1, moves: [] }),
);

/** What the world would rightly say next, so that random runs come far. */
const helpful = (
  place: Place,
  verdict: "pass" | "fail" | "absent",
): NeedThreadEvent | undefined => {
  const [open] = contextOf(place).open;
  switch (stageOf(place.snapshot)) {
    case "funding":
      return { type: "FUNDED", atMs: 5 };
    case "auction":
      return { type: "RANKED", bids: ["w1", "w2", "w3", "w4"].map(ranked), barred: [] };
    case "planning":
      return concluded("plan", "pass", "pass");
    case "deciding":
      return { type: "DECIDED" };
    case "awarded":
      return { type: "LEASED", revision: 3, atMs: 9, ttlMs: 900 };
    case "leased":
      return { type: "COMMITTED", commit: "commit", artifact: "artifact", elapsedMs: 3 };
    case "verifying":
      return concluded("result", verdict, verdict === "absent" ? "silent" : verdict);
    case "settling":
      return { type: "SETTLED", sequence: 1, moves: [] };
    default:
      return open === undefined
        ? { type: "CHALLENGED", atMs: 9, challenge: "c1" }
        : { type: "CHALLENGE_RULED", atMs: 9, challenge: open, upheld: verdict !== "pass" };
  }
};

type Move =
  | { readonly say: NeedThreadEvent }
  | { readonly help: "pass" | "fail" | "absent" }
  | "fire";
/** Mostly good results, or no run would come to a late attempt. */
const helps = fc
  .constantFrom("pass" as const, "pass" as const, "fail" as const, "absent" as const)
  .map((help) => ({ help }));
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: needWords.map((say) => ({ say })) },
    { weight: 5, arbitrary: helps },
    { weight: 1, arbitrary: fc.constant("fire" as const) },
  ),
  { maxLength: 60, size: "max" },
);

describe("a need thread", () => {
  it("keeps its limits whatever it is told, and ends once the world is quiet", () => {
    const outcomes = new Set<string>();
    let seals = 0;
    const walker = walkerOf(needThreadMachine);
    const inputs = fc.record({
      awardsMax: fc.integer({ min: 1, max: 4 }),
      failuresMax: fc.integer({ min: 1, max: 3 }),
      planCandidatesMax: fc.integer({ min: 1, max: 5 }),
      drawHash: fc.boolean(),
    });
    const run = (limits: Partial<NeedThreadInput>, list: readonly Move[]): void => {
      const input = { ...needInput, ...limits };
      const watch = watchOver(input);
      let place: Place = walker.start(input);
      const go = (taken: Taken, event: Event): void => {
        watch.see(place, taken, event);
        place = taken;
      };
      const fire = (): void => {
        const timer = nextTimer(place);
        if (timer !== undefined) go(walker.fire(place, timer), { type: timer });
      };
      for (const move of list) {
        if (move === "fire") fire();
        else {
          const event = "say" in move ? move.say : helpful(place, move.help);
          if (event !== undefined) go(walker.send(place, event), event);
        }
      }
      quiet(
        place,
        (event) => go(walker.send(place, event), event),
        fire,
        () => place,
      );
      watch.finish(place);
      seals += watch.sealed();
      for (const outcome of watch.outcomes) outcomes.add(outcome);
    };
    fc.assert(fc.property(inputs, moves, run), { numRuns: 400 });
    // About 18 of 400 runs; without any, the rule of one intent for each seal would be untested.
    expect(seals, "settlements were taken back, too").toBeGreaterThan(0);
    expect([...outcomes].toSorted()).toEqual(
      "cancelled evaluator_absent expired finalized invalidated no_bids no_submission rejected".split(
        " ",
      ),
    );
  });
});

/** Only the ledger and the operator still speak. */
const quiet = (
  start: Place,
  say: (event: NeedThreadEvent) => void,
  fire: () => void,
  now: () => Place,
): void => {
  if (contextOf(start).fundedAtMs === 0) say({ type: "FUNDED", atMs: 5 });
  for (let i = 0; i < QUIET_TIMERS_MAX && now().snapshot.status === "active"; i += 1) {
    const [open] = contextOf(now()).open;
    if (contextOf(now()).outcome !== undefined && open === undefined)
      say({ type: "SETTLED", sequence: 1, moves: [] });
    else if (open !== undefined)
      say({ type: "CHALLENGE_RULED", atMs: 9, challenge: open, upheld: false });
    else fire();
  }
};

const ENDS: Readonly<Record<string, readonly string[]>> = {
  // A ranking may be asked for again while the registry is old; that it was logged is the end.
  auction: ["reportNoBids"],
  committee: ["conclude"],
  lease: ["ended"],
};

describe.each(["auction", "committee", "lease", "challenge"] as const)("%s", (name) => {
  it("ends at most once, always has a deadline, and ends when only its ledger answers", () => {
    const { machine, inputs, events } = SUBJECTS[name];
    const walker = walkerOf(machine);
    const said = fc.constantFrom(...(events as readonly Event[]));
    const choose = fc.array(fc.oneof(said, fc.constant(undefined)), { maxLength: 25 });
    let far = 0;
    const run = (which: number, list: readonly (Event | undefined)[]): void => {
      const all: Command[] = [];
      let place: Place = walker.start(inputs[which % inputs.length]);
      const go = (taken: Taken): void => {
        place = taken;
        all.push(...taken.commands);
        const isDone = taken.snapshot.status === "done";
        expect(isDone || taken.timers.size > 0).toBe(true);
      };
      const fire = (): void => {
        const timer = nextTimer(place);
        if (timer !== undefined) go(walker.fire(place, timer));
      };
      for (const event of list) {
        if (event === undefined) fire();
        else go(walker.send(place, event));
      }
      for (let i = 0; i < QUIET_TIMERS_MAX && place.snapshot.status === "active"; i += 1) {
        fire();
        for (const event of LEDGER[name] ?? []) go(walker.send(place, event));
      }
      expect(place.snapshot.status).toBe("done");
      const told = all.filter(({ type }) => ENDS[name]?.includes(type) === true).length;
      const ends = told + (place.snapshot.value === "ranked" ? 1 : 0);
      expect(ends).toBeLessThanOrEqual(1);
      if (name !== "lease" && name !== "challenge") expect(ends).toBe(1);
      far += ends;
    };
    fc.assert(fc.property(fc.nat(9), choose, run), { numRuns: 300 });
    if (name !== "challenge") expect(far).toBeGreaterThan(100);
  });
});

/** What the ledger alone would answer to whatever was asked of it. */
const LEDGER: Readonly<Record<string, readonly Event[]>> = {
  committee: [0, 1, 2].map((round) => ({ type: "DRAW_FAILED", round, reason: "nobody" })),
  auction: [{ type: "RANKED" }],
  lease: [{ type: "BOND_REFUSED" }],
  challenge: [{ type: "BONDED" }, { type: "RESOLVED" }],
};

describe("a committee", () => {
  it("agrees only by K equal verdicts of distinct seats, and never hears more than 2K − 1", () => {
    const walker = walkerOf(SUBJECTS.committee.machine);
    const verdicts = fc.array(fc.constantFrom("pass", "fail", "abstain", "silent"), {
      minLength: 15,
      maxLength: 15,
    });
    const run = (k: number, sealed: boolean, short: boolean, list: readonly string[]): void => {
      let place: Place = walker.start({ ...SUBJECTS.committee.inputs[1]!, k, sealed });
      const all: CommitteeCommand[] = [];
      let taken = place as Taken;
      const go = (next: Taken): void => {
        place = taken = next;
        all.push(...(next.commands as unknown as CommitteeCommand[]));
      };
      const say = (event: CommitteeEvent): void => go(walker.send(place, event));
      all.push(...(taken.commands as unknown as CommitteeCommand[]));
      let seats = 0;
      for (let turn = 0; turn < 9 && place.snapshot.status === "active"; turn += 1) {
        const draw = all.findLast((c) => c.type === "draw")!.params as never as {
          readonly round: number;
          readonly count: number;
          readonly least: number;
          readonly firstSeat: number;
        };
        expect(draw.firstSeat, "seats are numbered through").toBe(seats);
        const count = short ? draw.least : draw.count;
        const numbers = Array.from({ length: count }, (_, i) => seats + i);
        seats += count;
        const drawn = numbers.map((seat) => ({ seat, agent: `v${seat}` }));
        say({ type: "SEATED", round: draw.round, seats: drawn });
        for (const seat of numbers) {
          const verdict = list[seat % list.length];
          if (verdict === "silent") continue;
          const vote = { seat, verdict: verdict as "pass", envelope: `vote-${seat}` };
          if (!sealed) say({ type: "VOTED", ...vote });
          else say({ type: "VOTE_HASHED", seat, hash: new Uint8Array(32) });
        }
        if (place.snapshot.value === "voting") go(walker.fire(place, nextTimer(place)!));
        for (const seat of sealed ? numbers : []) {
          const verdict = list[seat % list.length];
          const vote = { seat, verdict: verdict as "pass", envelope: `vote-${seat}` };
          if (verdict !== "silent") say({ type: "VOTE_REVEALED", ...vote });
        }
      }
      expect(place.snapshot.status).toBe("done");
      const end = all.find((c) => c.type === "conclude")!.params as never as {
        readonly result: string;
        readonly carried: readonly string[];
        readonly seats: readonly { readonly seat: number; readonly answer: string }[];
      };
      const heard = end.seats.filter(({ answer }) => answer === "pass" || answer === "fail");
      expect(heard.length).toBeLessThanOrEqual(2 * k - 1);
      expect(new Set(end.carried).size).toBe(end.result === "absent" ? 0 : k);
      const answers = end.seats.map(({ answer }) => answer);
      if (end.result === "absent") expect(answers).not.toContain("pending");
    };
    const ks = fc.integer({ min: 1, max: 4 });
    fc.assert(fc.property(ks, fc.boolean(), fc.boolean(), verdicts, run), { numRuns: 300 });
  });
});
