/** The operator's own words in a run: pauses and limits as the plan says, one after another. */

import type { AgentClient } from "#agent/client.ts";
import type { SpendLimits } from "#protocol/bodies.ts";
import type { GovernPlan } from "../plan/plan.ts";

export interface GovernorOptions {
  readonly client: AgentClient;
  /** The did of an agent or, after the agents, of a requester. */
  readonly didOf: (party: number) => string;
  readonly ownerOf: (party: number) => string;
  readonly after: (delayMs: number, run: () => void) => void;
}

const widened = (limits: Extract<GovernPlan, { kind: "limit" }>["limits"]): SpendLimits => {
  const { perMinute, ...amounts } = limits;
  const credits = Object.entries(amounts).map(([name, most]) => [name, BigInt(most)] as const);
  return { ...Object.fromEntries(credits), ...(perMinute === undefined ? {} : { perMinute }) };
};

export class SimGovernor {
  readonly #o: GovernorOptions;
  #said: Promise<unknown> = Promise.resolve();

  constructor(options: GovernorOptions) {
    this.#o = options;
  }

  govern(act: GovernPlan): void {
    if (act.kind === "pause") this.#pause(act);
    else this.#limit(act);
  }

  #pause({ party, forMs }: Extract<GovernPlan, { kind: "pause" }>): void {
    const { client, didOf, after } = this.#o;
    const who = party === undefined ? ({ all: true } as const) : { agent: didOf(party) };
    const say = (paused: boolean): void =>
      this.#then(() => client.sayAccount("PAUSE", { who, paused }));
    say(true);
    after(forMs, () => say(false));
  }

  #limit({ of, party, limits }: Extract<GovernPlan, { kind: "limit" }>): void {
    const { client, didOf, ownerOf } = this.#o;
    const whose = {
      party: { agent: didOf(party) },
      owner: { owner: ownerOf(party) },
      each: { each: true as const },
    }[of];
    this.#then(() => client.sayAccount("LIMIT", { of: whose, limits: widened(limits) }));
  }

  /** A word waits for the answer to the one before: they must not overtake each other. */
  #then(say: () => Promise<unknown>): void {
    this.#said = this.#said.then(say);
  }
}
