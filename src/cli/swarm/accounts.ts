/**
 * Money and membership of a `run`: the operator grants from the treasury, agents register and stake.
 * Every step is idempotent: a grant by its key, a registration by being there, a stake by what is
 * staked already. So the same command on the same folder goes on instead of doing things twice.
 */

import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import type { AccountVerb } from "#agent/client.ts";
import { accountThread } from "#envelope/envelope.ts";
import type { Bodies, RegisterBody, Role } from "#protocol/bodies.ts";
import type { AgentRow, RegistrySnapshot } from "#domain/registry/snapshot.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Credits } from "#protocol/words.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { AgentSpec } from "../input/agents.ts";
import { grantOf } from "../input/funds.ts";
import type { HiredSpec } from "./agents-thread.ts";
import type { Folder } from "./folder.ts";
import type { Operator } from "./operator.ts";
import type { RunningSwarm } from "./running-swarm.ts";
import { accountOf, clientFor, demand } from "./voice.ts";

export const REQUESTER = "requester";

export interface Member {
  readonly name: string;
  readonly signer: Signer;
  readonly body: RegisterBody;
  readonly credits: Credits;
  readonly stake: Credits;
}

const rolesOf = (role: AgentSpec["role"]): Role[] =>
  role === "both" ? ["worker", "verifier"] : [role];

export const memberOf = async (
  swarm: RunningSwarm,
  operator: Operator,
  spec: AgentSpec,
): Promise<Member> => {
  const signer = signerFromSeed(swarm.folder.keys.seed(spec.name));
  const { parameters } = swarm.folder.genesis;
  const labels = [
    ["org", spec.org],
    ["asn", spec.asn],
    ["region", spec.region],
    ["model", spec.model],
  ] as const;
  const attestations = await Promise.all(
    labels.flatMap(([label, value]) =>
      value === undefined ? [] : [operator.attest(signer.did, label, value)],
    ),
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

export const requesterMember = (swarm: RunningSwarm): Member => ({
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
const voiceOf = (swarm: RunningSwarm, link: SwarmLink, member: Member, nonce: number): Voice => {
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
  swarm: RunningSwarm,
  link: SwarmLink,
  operator: Operator,
  members: readonly Member[],
): Promise<void> => {
  const rows = (await swarm.system<RegistrySnapshot>("registry"))?.agents ?? [];
  await Promise.all(
    members.map(async (member) => {
      const { signer, body, credits, stake } = member;
      const isThere = isEnrolled(
        rows.find((one) => one.did === signer.did),
        member,
      );
      const { staked, nonce } = await accountOf(swarm, signer.did);
      // Whoever is in the registry was granted its credits before.
      if (isThere && (staked > 0n || stake === 0n)) return;
      await operator.grant(signer.did, credits + stake, `grant/${signer.did}`);
      const voice = voiceOf(swarm, link, member, nonce);
      if (!isThere) demand(await voice.say("REGISTER", body));
      // Staked once: the grant's key is the same, so what is staked can only be what was granted.
      if (staked === 0n && stake > 0n) demand(await voice.say("STAKE", { amount: stake }));
      voice.close();
    }),
  );
};
