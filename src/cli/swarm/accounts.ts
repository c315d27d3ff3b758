/**
 * Money and membership of a `run`: the operator grants from the treasury, agents register and stake.
 * Every step is idempotent: a grant by its key, a registration by being there, a stake by what is
 * staked already. So the same command on the same folder goes on instead of doing things twice.
 */

import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { AgentClient, isNack, type AccountVerb } from "#agent/client.ts";
import { accountThread } from "#envelope/envelope.ts";
import type { AccountStatus } from "#actors/queries.ts";
import type {
  Bodies,
  LabelAttestation,
  LimitBody,
  RegisterBody,
  Role,
  SpendLimits,
} from "#protocol/bodies.ts";
import type { AgentRow, RegistrySnapshot } from "#domain/registry/snapshot.ts";
import { memberDigest } from "#protocol/digests.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Credits, Did } from "#protocol/words.ts";
import type { PortLink } from "#runtime/threads/port-link.ts";
import { CliError } from "../errors.ts";
import type { AgentSpec } from "../input/agents.ts";
import { grantOf } from "../input/funds.ts";
import type { HiredSpec } from "./agents-thread.ts";
import type { EmbeddedSwarm } from "./embedded.ts";
import type { Folder } from "./folder.ts";

export const REQUESTER = "requester";

export const clientFor = (
  swarm: EmbeddedSwarm,
  link: PortLink,
  signer: Signer,
  onNotice: AgentClientNotice,
): AgentClient =>
  new AgentClient({
    signer,
    swarm: swarm.folder.swarm,
    policy: swarm.folder.genesis.policy,
    link,
    clock: swarm.clock,
    soon: (task) => setImmediate(task),
    onNotice,
  });

type AgentClientNotice = ConstructorParameters<typeof AgentClient>[0]["onNotice"];

export const demand = (receipt: Receipt): void => {
  if (isNack(receipt))
    throw new CliError("REFUSED", { code: receipt.code, detail: receipt.detail ?? "" });
};

export const accountOf = async (swarm: EmbeddedSwarm, did: Did): Promise<AccountStatus> => {
  const status = await swarm.system<AccountStatus>("account", did);
  if (status === undefined) throw new Error("the system bucket is not led here");
  return status;
};

/**
 * The operator's voice: grants from the treasury, attested labels, pauses and limits. One of a swarm, on a
 * link of its own: its nonces are one row, and what it says must not wait behind others.
 */
export class Operator {
  readonly #swarm: EmbeddedSwarm;
  readonly #client: AgentClient;

  constructor(swarm: EmbeddedSwarm, link: PortLink) {
    this.#swarm = swarm;
    this.#client = clientFor(swarm, link, swarm.folder.operator, () => undefined);
  }

  async resume(): Promise<void> {
    const { did } = this.#swarm.folder.operator;
    this.#client.resume(accountThread(did), (await accountOf(this.#swarm, did)).nonce);
  }

  /** Once per key, however often it is asked. */
  async grant(to: Did, amount: Credits, key: string): Promise<void> {
    if (amount === 0n) return;
    demand(await this.#client.sayAccount("TRANSFER", { to, amount, key }));
  }

  /** Of several amounts that are asked under one key the first is granted. */
  async grantFirst(to: Did, amount: Credits, key: string): Promise<void> {
    if (amount === 0n) return;
    const receipt = await this.#client.sayAccount("TRANSFER", { to, amount, key });
    if (!isNack(receipt) || receipt.code !== "KEY_REUSED") demand(receipt);
  }

  /**
   * Resolves when every host of this process acts on it, with the registry's revision that carries it:
   * no DECIDE at that revision or a later one awards anything to who is paused.
   */
  pause(who: Did | "all"): Promise<number> {
    return this.#setPaused(who, true);
  }

  resumeWork(who: Did | "all"): Promise<number> {
    return this.#setPaused(who, false);
  }

  async #setPaused(who: Did | "all", paused: boolean): Promise<number> {
    const whom = who === "all" ? ({ all: true } as const) : { agent: who };
    demand(await this.#client.sayAccount("PAUSE", { who: whom, paused }));
    // The snapshot that carries it was published in the turn that is committed by now.
    return registryReady(this.#swarm);
  }

  /** In force with its ACK: the ledger has it. */
  async limit(of: LimitBody["of"], limits: SpendLimits): Promise<void> {
    demand(await this.#client.sayAccount("LIMIT", { of, limits }));
  }

  attest(member: Did, label: LabelAttestation["label"], value: string): LabelAttestation {
    const { operator } = this.#swarm.folder;
    return {
      label,
      value,
      by: operator.did,
      signature: operator.sign(memberDigest(member, label, value)),
    };
  }

  close(): void {
    this.#client.close();
  }
}

export interface Member {
  readonly name: string;
  readonly signer: Signer;
  readonly body: RegisterBody;
  readonly credits: Credits;
  readonly stake: Credits;
}

const rolesOf = (role: AgentSpec["role"]): Role[] =>
  role === "both" ? ["worker", "verifier"] : [role];

export const memberOf = (swarm: EmbeddedSwarm, operator: Operator, spec: AgentSpec): Member => {
  const signer = signerFromSeed(swarm.folder.keys.seed(spec.name));
  const { parameters } = swarm.folder.genesis;
  const labels = [
    ["org", spec.org],
    ["asn", spec.asn],
    ["region", spec.region],
    ["model", spec.model],
  ] as const;
  const attestations = labels.flatMap(([label, value]) =>
    value === undefined ? [] : [operator.attest(signer.did, label, value)],
  );
  return {
    name: spec.name,
    signer,
    body: {
      manifest: {
        name: spec.name,
        roles: rolesOf(spec.role),
        capabilities: [...spec.capabilities],
        ...(spec.price === undefined ? {} : { price: spec.price }),
      },
      attestations,
    },
    ...grantOf(spec, parameters),
  };
};

export const requesterMember = (swarm: EmbeddedSwarm): Member => ({
  name: REQUESTER,
  signer: signerFromSeed(swarm.folder.keys.seed(REQUESTER)),
  body: { manifest: { name: REQUESTER, roles: ["requester"], capabilities: [] }, attestations: [] },
  credits: 0n,
  stake: 0n,
});

/** What the agents' thread needs to speak for them. */
export const hiredOf = (
  folder: Folder,
  agents: readonly AgentSpec[],
  programs: string,
): HiredSpec[] =>
  agents.map((spec) => ({
    name: spec.name,
    seed: folder.keys.seed(spec.name),
    price: spec.price ?? 0n,
    etaMs: spec.etaMs,
    run: spec.run,
    folder: programs,
    hidden: [folder.dir],
  }));

/** What REGISTER would say is what the registry says already. */
const isEnrolled = (row: AgentRow | undefined, { body }: Member): boolean => {
  if (row === undefined) return false;
  const { name, roles, capabilities } = body.manifest;
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    [...a].sort().join("\n") === [...b].sort().join("\n");
  const labels = (["org", "asn", "region", "model"] as const).every(
    (label) => row[label] === body.attestations.find((one) => one.label === label)?.value,
  );
  return (
    row.name === name && same(row.roles, roles) && same(row.capabilities, capabilities) && labels
  );
};

interface Voice {
  readonly say: <V extends AccountVerb>(verb: V, body: Bodies[V]) => Promise<Receipt>;
  readonly close: () => void;
}

/** Receipts go to where an agent is heard last: a hired one speaks from its own thread alone. */
const voiceOf = (swarm: EmbeddedSwarm, link: PortLink, member: Member, nonce: number): Voice => {
  const { name, signer } = member;
  const { agents } = swarm;
  if (agents?.has(name) === true)
    return {
      say: (verb, body) => agents.sayAccount(name, nonce, verb, body),
      close: () => undefined,
    };
  const client = clientFor(swarm, link, signer, () => undefined);
  client.resume(accountThread(signer.did), nonce);
  return {
    say: (verb, body) => client.sayAccount(verb, body),
    close: () => client.close(),
  };
};

/** Grant, register and stake; what is there already is left as it is. */
export const enrol = async (
  swarm: EmbeddedSwarm,
  link: PortLink,
  operator: Operator,
  members: readonly Member[],
): Promise<void> => {
  const rows = (await swarm.system<RegistrySnapshot>("registry"))?.agents ?? [];
  await Promise.all(
    members.map(async (member) => {
      const { name, signer, body, credits, stake } = member;
      const isThere = isEnrolled(
        rows.find((one) => one.did === signer.did),
        member,
      );
      const { staked, nonce } = await accountOf(swarm, signer.did);
      // Whoever is in the registry was granted its credits before.
      if (isThere && (staked > 0n || stake === 0n)) return;
      await operator.grant(signer.did, credits + stake, `grant/${name}`);
      const voice = voiceOf(swarm, link, member, nonce);
      if (!isThere) demand(await voice.say("REGISTER", body));
      // Staked once: the grant's key is the same, so what is staked can only be what was granted.
      if (staked === 0n && stake > 0n) demand(await voice.say("STAKE", { amount: stake }));
      voice.close();
    }),
  );
};

/**
 * Every host must have pinned the registry before anybody posts: else the first NEEDs are told to wait.
 * Answers the revision that all have.
 */
export const registryReady = async (swarm: EmbeddedSwarm): Promise<number> => {
  for (;;) {
    const published = (await swarm.system<number>("registered")) ?? 0;
    const pinned = await swarm.queryAll("pinned");
    if (published > 0 && pinned.every((revision) => Number(revision) >= published))
      return published;
    await new Promise<void>((resolve) => void swarm.clock.after(5, resolve));
  }
};
