/**
 * The swarm of this process as the gateway sees it: links, questions, accounts whose keys lie in the
 * folder. Grants and registrations are idempotent, so a supervisor that comes back asks for all again.
 */

import { GatewayError } from "#gateway/errors.ts";
import type { GatewaySwarm, Reconciling, Welcome, WelcomeWishes } from "#gateway/swarm.ts";
import { LOCAL_ACCOUNT } from "#gateway/tokens.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { LabelAttestation } from "#protocol/bodies.ts";
import type { Credits, Did } from "#protocol/words.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { HostCounts } from "#runtime/threads/protocol.ts";
import { grantOf } from "../input/funds.ts";
import { findingText } from "../reconcile/reconciler.ts";
import { enrol, REQUESTER } from "../swarm/accounts.ts";
import type { Operator } from "../swarm/operator.ts";
import type { RunningSwarm } from "../swarm/running-swarm.ts";

/** What the local account is granted once: a tenth of what a genesis mints. */
export const LOCAL_CREDITS: Credits = 100_000_000_000_000n;

type Label = LabelAttestation["label"];

/** Key files of accounts that are not agents: no agent's name holds a plus sign. */
const keyOf = (account: string): string =>
  account === LOCAL_ACCOUNT ? REQUESTER : `account+${account}`;

export class OwnSwarm implements GatewaySwarm {
  readonly #swarm: RunningSwarm;
  readonly #operator: Operator;
  readonly #link: SwarmLink;
  readonly #accounts = new Map<string, Promise<Signer>>();

  constructor(swarm: RunningSwarm, operator: Operator, link: SwarmLink) {
    [this.#swarm, this.#operator, this.#link] = [swarm, operator, link];
  }

  get swarm(): string {
    return this.#swarm.folder.swarm;
  }

  get policy(): string {
    return this.#swarm.folder.genesis.policy;
  }

  get operator(): Did {
    return this.#swarm.folder.operator.did;
  }

  get clock(): RunningSwarm["clock"] {
    return this.#swarm.clock;
  }

  get store(): RunningSwarm["store"] {
    return this.#swarm.store;
  }

  link(): SwarmLink {
    return this.#swarm.link();
  }

  query<T>(bucket: number, name: string, argument?: unknown): Promise<T | undefined> {
    return this.#swarm.query<T>(bucket, name, argument);
  }

  reconciled(): Reconciling | undefined {
    const last = this.#swarm.reconciled;
    return last && { ...last, findings: last.findings.map(findingText) };
  }

  get cluster(): RunningSwarm["cluster"] {
    return this.#swarm.cluster;
  }

  get foreteller(): RunningSwarm["foreteller"] {
    return this.#swarm.foreteller;
  }

  counts(): Promise<readonly HostCounts[]> {
    return this.#swarm.counts();
  }

  openAccount(name: string, credits: Credits): Promise<Signer> {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const opening = this.#open(name, name === LOCAL_ACCOUNT ? LOCAL_CREDITS : credits);
    this.#accounts.set(name, opening);
    opening.catch(() => this.#accounts.delete(name)); // the next one tries again
    return opening;
  }

  grant(to: Did, credits: Credits, key: string): Promise<void> {
    return this.#operator.grant(to, credits, key);
  }

  async welcome(
    did: Did,
    name: string,
    role: "worker" | "verifier" | "both",
    { credits, stake, ...labels }: WelcomeWishes,
  ): Promise<Welcome> {
    const { parameters } = this.#swarm.folder.genesis;
    const { verifyStakeMin } = parameters;
    if (stake !== undefined && role !== "worker" && stake < verifyStakeMin) {
      const least = formatCredits(verifyStakeMin);
      const reason = `a stake of ${formatCredits(stake)} is below the ${least} of the verifiers' pool`;
      throw new GatewayError("BODY_INVALID", { reason });
    }
    const grant = grantOf({ role, credits, stake }, parameters);
    await this.#operator.grantFirst(did, grant.credits, `welcome/${did}/credits`);
    await this.#operator.grantFirst(did, grant.stake, `welcome/${did}/stake`);
    const attested = Object.entries({ ...labels, org: labels.org ?? name });
    return {
      attestations: await Promise.all(
        attested.flatMap(([label, value]) =>
          value === undefined ? [] : [this.#operator.attest(did, label as Label, value)],
        ),
      ),
      ...grant,
    };
  }

  async #open(name: string, credits: Credits): Promise<Signer> {
    const signer = signerFromSeed(this.#swarm.folder.keys.seed(keyOf(name)));
    await enrol(this.#swarm, this.#link, this.#operator, [
      {
        name: keyOf(name),
        signer,
        body: { manifest: { name, roles: ["requester"], capabilities: [] }, attestations: [] },
        credits,
        stake: 0n,
      },
    ]);
    return signer;
  }
}
