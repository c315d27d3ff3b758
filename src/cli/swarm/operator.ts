/**
 * The operator's voice: grants from the treasury, attested labels, pauses and limits. A swarm hears one
 * at a time: its nonces are one row.
 */

import { accountThread } from "#envelope/envelope.ts";
import type { Signer } from "#envelope/keys.ts";
import { isNack, type AgentClient } from "#agent/client.ts";
import type { LabelAttestation, LimitBody, SpendLimits } from "#protocol/bodies.ts";
import { memberDigest } from "#protocol/digests.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Credits, Did } from "#protocol/words.ts";
import type { RunningSwarm } from "./running-swarm.ts";
import { accountOf, clientFor, demand, registryReady } from "./voice.ts";

type Label = LabelAttestation["label"];

export interface Operator {
  /** Once per key, however often it is asked. */
  grant(to: Did, amount: Credits, key: string): Promise<void>;
  /** Of several amounts that are asked under one key the first is granted. */
  grantFirst(to: Did, amount: Credits, key: string): Promise<void>;
  /**
   * Resolves when every host of the swarm acts on it, with the registry's revision that carries it: no
   * DECIDE at that revision or a later one awards anything to who is paused.
   */
  pause(who: Did | "all"): Promise<number>;
  resumeWork(who: Did | "all"): Promise<number>;
  /** In force with its ACK: the ledger has it. */
  limit(of: LimitBody["of"], limits: SpendLimits): Promise<void>;
  attest(member: Did, label: Label, value: string): Promise<LabelAttestation>;
  close(): void;
}

/** In the process that has the operator's key and that alone speaks with it. */
export class OwnOperator implements Operator {
  readonly #swarm: RunningSwarm;
  readonly #signer: Signer;
  readonly #client: AgentClient;

  private constructor(swarm: RunningSwarm, link: SwarmLink, signer: Signer) {
    [this.#swarm, this.#signer] = [swarm, signer];
    this.#client = clientFor(swarm, link, signer, () => undefined);
  }

  /** `skip`: so many nonces are left to whoever spoke before and may be heard late. */
  static async open(
    swarm: RunningSwarm,
    link: SwarmLink,
    signer: Signer,
    skip = 0,
  ): Promise<OwnOperator> {
    const operator = new OwnOperator(swarm, link, signer);
    const { nonce } = await accountOf(swarm, signer.did);
    operator.#client.resume(accountThread(signer.did), nonce + skip);
    return operator;
  }

  async grant(to: Did, amount: Credits, key: string): Promise<void> {
    if (amount === 0n) return;
    demand(await this.#client.sayAccount("TRANSFER", { to, amount, key }));
  }

  async grantFirst(to: Did, amount: Credits, key: string): Promise<void> {
    if (amount === 0n) return;
    const receipt = await this.#client.sayAccount("TRANSFER", { to, amount, key });
    if (!isNack(receipt) || receipt.code !== "KEY_REUSED") demand(receipt);
  }

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

  async limit(of: LimitBody["of"], limits: SpendLimits): Promise<void> {
    demand(await this.#client.sayAccount("LIMIT", { of, limits }));
  }

  async attest(member: Did, label: Label, value: string): Promise<LabelAttestation> {
    const signature = this.#signer.sign(memberDigest(member, label, value));
    return { label, value, by: this.#signer.did, signature };
  }

  close(): void {
    this.#client.close();
  }
}
