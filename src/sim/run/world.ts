/**
 * One simulated world, put together from its plan: a supervisor with a disk or several in a cluster,
 * agents and requesters on machines of their own, a network between them.
 */

import { createApplication, query } from "#actors/application.ts";
import { encodeGenesis } from "#domain/genesis/codec.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { Signer } from "#envelope/keys.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import type { AgentClient } from "#agent/client.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import type { Store } from "#ports/store.ts";
import { HOST_LIMITS } from "#runtime/host/environment.ts";
import { defineSupervisor } from "#runtime/supervision/spec.ts";
import { clientOn, signerOf, SimAgent } from "../agents/agent.ts";
import { enrol, type Joining } from "../agents/enrol.ts";
import { Rumours } from "../agents/rumours.ts";
import { SimGovernor } from "../agents/governor.ts";
import { SimOperator } from "../agents/operator.ts";
import { SimRequester } from "../agents/requester.ts";
import type { Canary } from "../canaries/canary.ts";
import { Prng } from "../kernel/prng.ts";
import { Scheduler } from "../kernel/scheduler.ts";
import { Trace } from "../kernel/trace.ts";
import type { AgentPlan, GovernPlan, Plan } from "../plan/plan.ts";
import { SimBlocks } from "../world/blocks.ts";
import { Machine } from "../world/machine.ts";
import { Notary } from "../world/notary.ts";
import { SimNetwork } from "../world/network.ts";
import { ClusterSwarm } from "./cluster.ts";
import { EmbeddedSwarm, SUPERVISOR } from "./embedded.ts";
import { failureOf, type Failure, type News } from "./failures.ts";
import { Recorder } from "./recorder.ts";
import type { SimSwarm } from "./swarm.ts";

const POLICY = "simulated";
const MINTED = 1_000_000_000_000_000n;
/** True time within which everybody must have joined. */
const ENROL_MS_MAX = 60_000;

export interface WorldOptions {
  readonly plan: Plan;
  /** Resolves when no promise can go on by itself. */
  readonly settled: () => Promise<void>;
  readonly keepTrace: boolean;
  /** Something is broken on purpose. */
  readonly canary?: Canary;
}

const rolesOf = ({ role, behaviour }: AgentPlan): Joining["roles"] => [
  ...(role === "both" ? (["worker", "verifier"] as const) : [role]),
  ...(behaviour === "challenging" ? (["challenger"] as const) : []),
];

export class SimWorld {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly recorder: Recorder;
  readonly blocks = new SimBlocks();
  readonly #notary = new Notary();
  readonly swarm: SimSwarm;
  readonly agents: readonly SimAgent[];
  readonly requesters: readonly SimRequester[];
  readonly genesisBytes: Uint8Array;
  readonly chance: Prng;
  /** A slow disk makes this longer. */
  storeMsMax: number;
  /** What must never be seen, whatever agents do: halted buckets, turns that threw, dead letters. */
  readonly failures: Failure[] = [];
  readonly rumours = new Rumours();
  readonly operator: SimOperator;
  readonly #swarmId: string;
  #desk: AgentClient | undefined;
  #governor: SimGovernor | undefined;

  constructor({ plan, settled, keepTrace, canary }: WorldOptions) {
    this.plan = plan;
    const chance = Prng.of(plan.seed);
    this.chance = chance;
    this.scheduler = new Scheduler(chance.stream("order"), settled);
    const nowMs = (): number => this.scheduler.nowMs;
    this.recorder = new Recorder(nowMs, new Trace(keepTrace));
    this.network = new SimNetwork(chance.stream("network"));
    this.storeMsMax = plan.storeMsMax;
    const operator = this.#signerOf("operator");
    const genesis: Genesis = {
      version: 1,
      name: "simulated",
      nonce: chance.stream("genesis").bytes(16),
      operator: operator.did,
      createdAtMs: 0,
      minted: MINTED,
      parameters: parametersOf("local", plan.overrides),
      policy: POLICY,
    };
    this.genesisBytes = encodeGenesis(genesis);
    this.#swarmId = swarmIdOf(genesis.name, this.genesisBytes);
    this.operator = new SimOperator({
      did: operator.did,
      machine: new Machine(this.scheduler, "operator's desk", { driftPpm: 0, skewMs: 0 }),
      chance: chance.stream("operator"),
      ruleMs: genesis.parameters.ruleMs,
      give: (bucket, verb, body) => this.swarm.give(bucket, verb, body),
    });
    this.swarm = this.#swarm(plan, canary);
    this.agents = plan.agents.map((agent) => this.#agent(agent));
    this.requesters = plan.requesters.map((_, i) => this.#requester(i));
  }

  #signerOf(name: string): Signer {
    return this.#notary.witness(signerOf(this.plan.seed, name));
  }

  #swarm(plan: Plan, canary: Canary | undefined): SimSwarm {
    const receipt = (by: string, to: string, one: Receipt): void => {
      this.recorder.receipt(by, to, one);
      this.rumours.answered(to, one);
    };
    const notice = (by: string, to: string, one: Notice): void => {
      this.recorder.notice(by, to, one);
      this.rumours.told(to, one);
    };
    const onNews = (by: string, news: News): void => {
      this.recorder.note(by, JSON.stringify(news));
      const failure = failureOf(news);
      if (failure !== undefined) this.failures.push(failure);
    };
    const options = this.#ofAnySwarm(plan, canary);
    const factor = canary?.clockFactor ?? 1;
    const supervisors = plan.supervisors.map((one) => ({ ...one, factor }));
    const [clock] = supervisors;
    if (clock === undefined) throw new Error("a world has a supervisor");
    if (supervisors.length > 1)
      return new ClusterSwarm({ ...options, supervisors, receipt, notice, onNews });
    return new EmbeddedSwarm({
      ...options,
      clock,
      outputs: {
        receipt: (to, one) => receipt(SUPERVISOR, to, one),
        notice: (to, one) => notice(SUPERVISOR, to, one),
      },
      onNews: (news) => onNews(SUPERVISOR, news),
    });
  }

  /** What supervisors are made of, alone or in a cluster. */
  #ofAnySwarm(plan: Plan, canary: Canary | undefined) {
    const wanted = new Set([...plan.buckets, SYSTEM_BUCKET]);
    const { turnInputsMax, ...outside } = plan.mailbox;
    return {
      scheduler: this.scheduler,
      network: this.network,
      blocks: this.blocks,
      chance: this.chance.stream("supervisor"),
      createApplication: () => {
        const app = createApplication(this.genesisBytes);
        return canary?.application?.(app) ?? app;
      },
      changeStore: (store: Store & Blocks) => {
        const after = (delayMs: number, run: () => void): void =>
          void this.scheduler.after(delayMs, run);
        return canary?.store?.(store, after) ?? store;
      },
      ...(canary === undefined ? {} : { canary }),
      query,
      verifier: this.#notary.verifier,
      limits: {
        ...HOST_LIMITS,
        turnInputsMax,
        crowdInputs: turnInputsMax,
        outside: { ...HOST_LIMITS.outside, ...outside },
        snapshotRecords: plan.snapshotRecords,
      },
      hosts: plan.hosts,
      placement: Array.from({ length: BUCKETS + 1 }, (_, bucket) =>
        wanted.has(bucket) ? bucket % plan.hosts : -1,
      ),
      tree: defineSupervisor({
        name: "simulated",
        strategy: "one-for-one",
        children: [
          {
            name: "host",
            threads: plan.hosts,
            restartsMax: plan.restartsMax,
            restartWindowMs: 60_000,
          },
        ],
      }),
      facts: {
        master: this.chance.stream("master").bytes(32),
        fields: { header: "", code: "simulated", machines: "", policy: POLICY },
      },
      threadMsMax: plan.threadMsMax,
      storeMsMax: () => this.storeMsMax,
      watcher: this.recorder.disk(SUPERVISOR),
    };
  }

  #link(machine: Machine): SwarmLink {
    const link = this.swarm.link(machine);
    return {
      attach: (agent, events) => link.attach(agent, events),
      detach: (agent) => link.detach(agent),
      send: (thread, wire) => {
        this.recorder.wire(machine.name, wire);
        this.rumours.said({ from: machine.name, thread, wire });
        link.send(thread, wire);
      },
    };
  }

  #agent(plan: AgentPlan): SimAgent {
    const machine = new Machine(this.scheduler, plan.name, plan);
    return new SimAgent({
      machine,
      connect: () => this.#link(machine),
      swarm: this.#swarmId,
      policy: POLICY,
      plan,
      signer: this.#signerOf(plan.name),
      chance: this.chance.stream(`agent ${plan.name}`),
      blocks: this.#blocksFromAfar(),
      rumours: this.rumours,
      operator: this.operator,
    });
  }

  /** Agents reach the block store of whichever process runs now. */
  #blocksFromAfar(): Blocks {
    return {
      put: (...block) => this.blocks.open().put(...block),
      get: (cid) => this.blocks.open().get(cid),
      has: (cid) => this.blocks.open().has(cid),
    };
  }

  #voice(
    name: string,
    hear: Parameters<typeof clientOn>[2],
  ): { client: AgentClient; machine: Machine } {
    const machine = new Machine(this.scheduler, name, { driftPpm: 0, skewMs: 0 });
    const voice = { machine, link: this.#link(machine), swarm: this.#swarmId, policy: POLICY };
    return { client: clientOn(voice, this.#signerOf(name), hear), machine };
  }

  #requester(index: number): SimRequester {
    const requester: SimRequester = new SimRequester(this.plan.buckets, () => this.scheduler.nowMs);
    const { client, machine } = this.#voice(`requester-${index}`, (notice) =>
      requester.hear(notice),
    );
    const signer = this.#signerOf(`requester-${index}`);
    const wallMs = (): number => machine.clock.wallMs();
    const pen = { signer, swarm: this.#swarmId, policy: POLICY, wallMs };
    requester.use({ client, machine, pen, blocks: this.#blocksFromAfar() });
    return requester;
  }

  /** The supervisors start and everybody joins, in fair weather. */
  async open(): Promise<void> {
    this.swarm.start();
    const operator = this.#signerOf("operator");
    const { client } = this.#voice("operator", () => {});
    this.#desk = client;
    this.#governor = new SimGovernor({
      client,
      didOf: (party) => this.#parties()[party]?.client.did ?? "",
      ownerOf: (party) => this.#parties()[party]?.org ?? "nobody",
      after: (delayMs, run) => void this.scheduler.after(delayMs, run),
    });
    let joined = false;
    let failure: unknown;
    enrol(
      { client, signer: operator },
      this.#parties().filter((_, i) => this.agents[i]?.plan.joinsAtMs === undefined),
    ).then(
      () => {
        joined = true;
      },
      (error: unknown) => {
        failure = error;
      },
    );
    await this.scheduler.run(ENROL_MS_MAX, () => joined || failure !== undefined);
    if (failure !== undefined) throw failure;
    if (!joined) throw new Error(`nobody could join within ${ENROL_MS_MAX} ms`);
  }

  /** The operator acts as planned. */
  govern(act: GovernPlan): void {
    this.recorder.note("operator", JSON.stringify(act));
    this.#governor?.govern(act);
  }

  /** One who was not there from the start. Who is refused has failed to join, and no more. */
  join(index: number): void {
    const [desk, joining] = [this.#desk, this.#parties()[index]];
    if (desk === undefined || joining === undefined) return;
    this.recorder.note("world", `${joining.name} joins`);
    const signer = this.#signerOf("operator");
    enrol({ client: desk, signer }, [joining]).catch((error: unknown) => {
      this.recorder.note("world", `${joining.name} did not join: ${String(error)}`);
    });
  }

  /** Agents, then requesters. */
  #parties(): Joining[] {
    const controlledBy = (name: string | undefined): Pick<Joining, "controller"> =>
      name === undefined ? {} : { controller: this.#signerOf(name).did };
    const agents = this.agents.map(({ plan, client }): Joining => ({
      name: plan.name,
      roles: rolesOf(plan),
      ...(plan.org === undefined ? {} : { org: plan.org }),
      ...controlledBy(plan.controller),
      credits: plan.credits,
      stake: plan.stake,
      client,
    }));
    const requesters = this.requesters.map(({ client }, i): Joining => ({
      name: `requester-${i}`,
      roles: ["requester"],
      ...controlledBy(this.plan.requesters[i]?.controller),
      credits: this.plan.requesters[i]?.credits ?? 0,
      stake: 0,
      client,
    }));
    return [...agents, ...requesters];
  }
}
