/** What every hostile agent is given, and how it acts: in bounded bursts, now and then. */

import type { AgentClient } from "#agent/client.ts";
import type { Signer } from "#envelope/keys.ts";
import type { Notice } from "#protocol/notices.ts";
import type { Prng } from "../../kernel/prng.ts";
import type { AgentPlan } from "../../plan/plan.ts";
import type { Machine } from "../../world/machine.ts";
import type { SimOperator } from "../operator.ts";
import type { Pen } from "./craft.ts";
import type { Rumours } from "../rumours.ts";

export interface VillainContext {
  readonly plan: AgentPlan;
  /** How often it has begun, from 1. */
  readonly life: number;
  /** It vanishes now, and begins anew so much later. */
  readonly away: (forMs: number) => void;
  readonly machine: Machine;
  readonly chance: Prng;
  readonly signer: Signer;
  readonly client: AgentClient;
  readonly swarm: string;
  readonly policy: string;
  readonly rumours: Rumours;
  readonly operator: SimOperator;
  /** Puts bytes on the wire, addressed to whoever leads this thread. */
  readonly send: (thread: string, wire: Uint8Array) => void;
}

/** True: the villain has answered in the honest agent's place. */
export type Hearing = (notice: Notice) => boolean;

export const penOf = ({ signer, swarm, policy, machine }: VillainContext): Pen => ({
  signer,
  swarm,
  policy,
  wallMs: () => machine.clock.wallMs(),
});

export interface Pace {
  /** Bursts of one life. */
  readonly bursts: number;
  /** Between two of them, ms of true time. */
  readonly everyMs: readonly [number, number];
}

/** Acts `pace.bursts` times, from when the first need is known. */
export const inBursts = (
  { machine, chance, rumours }: VillainContext,
  { bursts, everyMs }: Pace,
  act: () => void,
): void => {
  let left = bursts;
  const wait = (): void => void machine.afterTrue(chance.between(...everyMs), again);
  const again = (): void => {
    if (rumours.needs.length > 0) {
      left -= 1;
      act();
    }
    if (left > 0) wait();
  };
  wait();
};
