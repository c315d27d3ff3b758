/** How a supervisor comes in, and what keeps it out (leadership.ts D9). */
import { beforeEach, describe, expect, it } from "vitest";
import type { Consensus } from "#ports/consensus.ts";
import { Fault, type FaultCode } from "#ports/faults.ts";
import {
  ENTER_MS_MAX,
  type Leadership,
  UNANSWERED_MS_MAX,
  type LeadershipEvent,
} from "#runtime/leadership/leadership.ts";
import type { SimConsensus } from "#sim/world/consensus.ts";
import { LeadershipRig } from "./rig.ts";

const BUCKETS = [0, 1, 2, 3];
const START_MS = 2_000;

let rig: LeadershipRig;
let store: SimConsensus;
let events: (readonly [name: string, event: LeadershipEvent])[];

const joining = (
  name: string,
  build = "one",
  consensus: Consensus = store.connect(),
): Leadership => {
  return rig.joining(name, {
    build,
    isAlike: (other) => other === build,
    consensus,
    buckets: BUCKETS,
    event: (event) => events.push([name, event]),
  });
};

const pass = (ms: number): Promise<void> => rig.pass(ms);
const typesOf = (who: string): readonly string[] =>
  events.filter(([name]) => name === who).map(([, { type }]) => type);
const holders = async (): Promise<readonly string[]> => [
  ...new Set((await store.connect().leaders()).map(({ holder }) => holder)),
];

beforeEach(() => {
  rig = new LeadershipRig();
  ({ store } = rig);
  events = [];
});

describe("a supervisor that the store refuses", () => {
  /** The store's answer to a join, as long as there is one. */
  let refusal: FaultCode | undefined;
  const refused = (): Leadership => {
    const own = store.connect();
    return joining("ann", "one", {
      ...own,
      join: async (...asked) => {
        if (refusal !== undefined) throw new Fault(refusal, "no");
        return own.join(...asked);
      },
    });
  };
  const told = (): readonly string[] =>
    events.flatMap(([, event]) => (event.type === "not_joined" ? [event.fault.code] : []));

  it.each(["CONSENSUS_EMPTIED", "CONSENSUS_BEHIND", "CONSENSUS_DENIED"] as const)(
    "%s: says so at once and once, and comes in when it may",
    async (code) => {
      refusal = code;
      const { entered } = refused();
      const failed = entered.catch((error: Fault) => error.code);
      await pass(START_MS);
      expect(await failed).toBe(code);
      expect(told()).toEqual([code]);
      refusal = undefined;
      await pass(START_MS);
      expect([typesOf("ann"), await holders()]).toEqual([["not_joined", "joined"], ["ann"]]);
    },
  );

  it("because its name is in use, after an outage: waits from the first time it is told so", async () => {
    refusal = "CONSENSUS_UNREACHABLE";
    const { entered } = refused();
    await pass(2 * ENTER_MS_MAX);
    refusal = "DATA_IN_USE";
    await pass(ENTER_MS_MAX / 2);
    expect(told()).toEqual([]);
    refusal = undefined;
    await pass(START_MS);
    await expect(entered).resolves.toBeUndefined();
  });

  it("because its name is in use: waits for the end of what may be its own last session", async () => {
    refusal = "DATA_IN_USE";
    const { entered } = refused();
    const failed = entered.catch((error: Fault) => error.code);
    await pass(ENTER_MS_MAX - 1);
    expect(told()).toEqual([]);
    await pass(START_MS);
    expect([await failed, told()]).toEqual(["DATA_IN_USE", ["DATA_IN_USE"]]);
  });

  it("and that is closed while the answer is on its way leaves no session behind", async () => {
    const own = store.connect();
    const gate = Promise.withResolvers<void>();
    const late = joining("ann", "one", {
      ...own,
      join: async (...asked) => {
        const session = await own.join(...asked);
        await gate.promise;
        return session;
      },
    });
    await pass(1);
    await late.close();
    gate.resolve();
    await pass(1);
    expect(await own.members()).toEqual([]);
  });

  it("is told nothing of a store that does not answer: that passes by itself", async () => {
    refusal = "CONSENSUS_UNREACHABLE";
    const { entered } = refused();
    await pass(2 * ENTER_MS_MAX);
    expect(told()).toEqual([]);
    refusal = undefined;
    await pass(START_MS);
    await expect(entered).resolves.toBeUndefined();
  });

  it("by whom nothing is answered at all is waited for by nobody for ever", async () => {
    refusal = "CONSENSUS_UNREACHABLE";
    const { entered } = refused();
    const failed = entered.catch((error: Fault) => error.code);
    await pass(UNANSWERED_MS_MAX + START_MS);
    expect([await failed, told()]).toEqual(["CONSENSUS_UNREACHABLE", []]);
  });
});

describe("supervisors of two builds", () => {
  const membersNow = async (): Promise<readonly string[]> =>
    (await store.connect().members()).map(({ name }) => name);
  const refusalsOf = (who: string): readonly string[] =>
    events.flatMap(([name, event]) =>
      name === who && event.type === "not_joined" ? [event.fault.message] : [],
    );

  it("never lead beside each other: who comes later does not join, and says why once", async () => {
    joining("ann", "one");
    await pass(START_MS);
    const bea = joining("bea", "two");
    const failed = bea.entered.catch((error: Fault) => error.code);
    await pass(START_MS);
    expect(await failed).toBe("OTHER_BUILD");
    expect(refusalsOf("bea")).toEqual([expect.stringMatching(/^OTHER_BUILD ann .* build, one:/)]);
    expect([await holders(), await membersNow()]).toEqual([["ann"], ["ann"]]);
    expect(typesOf("ann")).toEqual(["joined"]);
  });

  it("that come at the same time: those of the eldest's build stay, whoever came between", async () => {
    joining("ann", "one");
    joining("bea", "two");
    joining("cyd", "one");
    joining("dan", "one");
    await pass(4 * START_MS);
    expect([await membersNow(), (await holders()).toSorted()]).toEqual([
      ["ann", "cyd", "dan"],
      ["ann", "cyd", "dan"],
    ]);
    expect(refusalsOf("bea")).toHaveLength(1);
    for (const name of ["ann", "cyd", "dan"]) expect(typesOf(name)).not.toContain("session_lost");
  });

  it("one that was away finds another in its place, waits, and goes on when that has gone", async () => {
    let isAway = false;
    const own = store.connect();
    const cut = <T extends object>(target: T): T =>
      Object.fromEntries(
        Object.entries(target).map(([name, value]) => [
          name,
          typeof value === "function" && name !== "watch"
            ? async (...asked: readonly unknown[]) => {
                if (isAway) throw new Fault("CONSENSUS_UNREACHABLE", "away");
                const answer: unknown = await value(...asked);
                return name === "join" ? cut(answer as object) : answer;
              }
            : value,
        ]),
      ) as T;
    joining("ann", "one", cut(own));
    await pass(START_MS);
    isAway = true;
    await pass(2 * ENTER_MS_MAX);
    const bea = joining("bea", "two");
    await pass(START_MS);
    expect(await holders()).toEqual(["bea"]);
    isAway = false;
    await pass(2 * START_MS);
    expect(typesOf("ann")).toEqual(["joined", "session_lost", "not_joined"]);
    expect(await holders()).toEqual(["bea"]);
    await bea.close();
    await pass(2 * START_MS);
    expect([typesOf("ann").at(-1), await holders()]).toEqual(["joined", ["ann"]]);
  });

  it("one that comes again under its own name with another build waits for its last session", async () => {
    const { entered } = joining("ann", "one");
    await entered;
    const again = joining("ann", "two");
    const failed = again.entered.catch((error: Fault) => error.code);
    await pass(ENTER_MS_MAX + START_MS);
    // That one lives on, so it is not its own after all.
    expect(await failed).toBe("DATA_IN_USE");
  });

  it("of one build lead beside each other", async () => {
    joining("ann");
    joining("bea");
    await pass(3 * START_MS);
    expect((await holders()).toSorted()).toEqual(["ann", "bea"]);
  });
});
