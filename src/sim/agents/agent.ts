/** A simulated agent: the real client and the real hired agent on a machine that may crash or freeze. */

import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { sha256 } from "#envelope/cid.ts";
import { AgentClient } from "#agent/client.ts";
import { HiredAgent } from "#agent/hired-agent.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Notice } from "#protocol/notices.ts";
import type { Prng } from "../kernel/prng.ts";
import type { AgentPlan, Behaviour } from "../plan/plan.ts";
import type { Machine } from "../world/machine.ts";
import type { Rumours } from "./rumours.ts";
import { turnHostile } from "./hostile/villains.ts";
import type { SimOperator } from "./operator.ts";
import { createProgram } from "./program.ts";

const text = new TextEncoder();

/** The key of whoever has this name in this world. */
export const signerOf = (seed: number, name: string): Signer =>
  signerFromSeed(sha256(text.encode(`simulated key ${seed} ${name}`)));

export interface Voice {
  readonly machine: Machine;
  readonly link: SwarmLink;
  readonly swarm: string;
  readonly policy: string;
}

export const clientOn = (
  { machine, link, swarm, policy }: Voice,
  signer: Signer,
  onNotice: (notice: Notice) => void,
): AgentClient =>
  new AgentClient({
    signer,
    swarm,
    policy,
    link,
    clock: machine.clock,
    soon: (task) => void machine.afterTrue(0, task),
    onNotice,
  });

/** What an agent of this behaviour does not hear. */
const DEAF: Partial<Record<Behaviour, Notice["kind"]>> = {
  "silent-bidder": "reveal-bid",
  "no-claim": "award",
  "no-commit": "work",
};

export interface SimAgentOptions extends Omit<Voice, "link"> {
  /** A link of its next life. */
  readonly connect: () => SwarmLink;
  readonly plan: AgentPlan;
  readonly signer: Signer;
  readonly chance: Prng;
  readonly blocks: Blocks;
  readonly rumours: Rumours;
  readonly operator: SimOperator;
}

export class SimAgent {
  readonly #o: SimAgentOptions;
  #lives = 0;
  client: AgentClient;

  constructor(options: SimAgentOptions) {
    this.#o = options;
    this.client = this.#start();
  }

  get plan(): AgentPlan {
    return this.#o.plan;
  }

  get machine(): Machine {
    return this.#o.machine;
  }

  get did(): string {
    return this.#o.signer.did;
  }

  /** The process is killed with all it knew; it starts again `afterMs` later with the same key. */
  crash(afterMs: number): void {
    this.#o.machine.crash();
    this.#o.machine.afterTrue(afterMs, () => {
      this.client = this.#start();
    });
  }

  #start(): AgentClient {
    const { machine, plan, signer, chance, blocks, policy } = this.#o;
    this.#lives += 1;
    const life = chance.stream(`life ${this.#lives}`);
    const voice = { ...this.#o, link: this.#o.connect() };
    const client: AgentClient = clientOn(voice, signer, (notice) => {
      if (DEAF[plan.behaviour] !== notice.kind && !hears(notice)) agent.hear(notice);
    });
    const hears = turnHostile(plan.behaviour, {
      ...this.#o,
      client,
      life: this.#lives,
      away: (forMs) => this.crash(forMs),
      chance: life.stream("hostile"),
      send: (thread, wire) => voice.link.send(thread, wire),
    });
    const { clock } = machine;
    const runner = createProgram({
      clock,
      chance: life.stream("program"),
      behaviour: plan.behaviour,
      callMs: plan.callMs,
    });
    const agent = new HiredAgent({
      client,
      runner,
      blocks,
      clock,
      policy,
      price: BigInt(plan.price),
      etaMs: plan.etaMs,
      secret: life.bytes(32),
      asks: { bid: false, plan: false },
    });
    return client;
  }
}
