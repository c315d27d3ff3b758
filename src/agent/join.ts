/**
 * Join a supervisor over HTTP as an agent: make the key known, register, stake, then answer what is
 * asked, for as long as the process lives. Every step is idempotent, so an agent that comes back under
 * the same key goes on.
 */

import { randomBytes } from "node:crypto";
import { accountThread } from "#envelope/envelope.ts";
import type { Signer } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import { parseCredits } from "#protocol/amount.ts";
import type { LabelAttestation, Role } from "#protocol/bodies.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Credits } from "#protocol/words.ts";
import { apiError, ApiError, type Api } from "./http/api.ts";
import { HttpBlocks } from "./http/blocks.ts";
import { HttpLink, type LinkState } from "./http/link.ts";
import { AgentClient, isNack, type AccountVerb } from "./client.ts";
import { HiredAgent, type HiredEvent } from "./hired-agent.ts";
import type { Runner } from "./runner/runner.ts";

export type AgentRole = "worker" | "verifier" | "both";

/** What an operator's agent wants beside the usual: attested labels, and what it is granted. */
export interface Wishes {
  /** Nobody judges the work of its own org; absent: the agent's name. */
  readonly org?: string;
  readonly asn?: string;
  readonly region?: string;
  readonly model?: string;
  /** Decimal credits. */
  readonly credits?: string;
  readonly stake?: string;
}

/** What an operator gives an agent that it lets in (POST /v1/agents). */
export interface Welcome {
  readonly swarm: string;
  readonly policy: string;
  /** Decimal credits that were granted: to keep, and to stake. */
  readonly credits: string;
  readonly stake: string;
  /** The signature as lower-case hex. */
  readonly attestations: readonly (Omit<LabelAttestation, "signature"> & {
    readonly signature: string;
  })[];
}

export interface JoinOptions {
  readonly api: Api;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly name: string;
  readonly role: AgentRole;
  readonly capabilities: readonly string[];
  readonly runner: Runner;
  /** Of an agent that does not bid for itself. */
  readonly price: Credits;
  readonly etaMs: number;
  /** As the operator gave it; without it the api's token must be the operator's. */
  readonly welcome?: Welcome;
  /** Asked of the operator with the api's token; a welcome in the hand has its own labels. */
  readonly wishes?: Wishes;
  readonly onState?: (state: LinkState) => void;
  readonly onEvent?: (event: HiredEvent) => void;
}

export interface JoinedAgent {
  readonly did: string;
  /** Calls under way fail as stopped, the stream is closed. */
  close(): Promise<void>;
}

interface Manifest {
  readonly name: string;
  readonly roles: readonly string[];
  readonly capabilities: readonly string[];
  readonly org?: string;
}

interface Known {
  readonly swarm: string;
  readonly policy: string;
  readonly isRegistered: boolean;
  /** As it is registered. */
  readonly manifest?: Manifest;
  readonly nonce: number;
  readonly staked: string;
}

const rolesOf = (role: AgentRole): Role[] => (role === "both" ? ["worker", "verifier"] : [role]);

/** Refuses with an ApiError: SWARM_UNREACHABLE, NOT_WELCOME, or what the swarm says of REGISTER and STAKE. */
export const joinSwarm = async (options: JoinOptions): Promise<JoinedAgent> => {
  const { api, signer, clock, runner, price, etaMs, onState, onEvent } = options;
  const known = await api.get<Known>(`/v1/agents/${signer.did}`);
  const welcome = isAsWanted(known, options)
    ? undefined
    : (options.welcome ?? (await askIn(options, known)));
  if (welcome !== undefined && welcome.swarm !== known.swarm)
    throw apiError("WELCOME_FOREIGN", { theirs: welcome.swarm, ours: known.swarm });
  const started = await runner.start();
  if (started.kind === "failed") {
    await runner.close();
    throw apiError("PROGRAM_FAILED", { reason: `${started.code} ${started.detail}` });
  }
  const link = new HttpLink({
    api,
    signer,
    swarm: known.swarm,
    clock,
    ...(onState === undefined ? {} : { onState }),
  });
  const client: AgentClient = new AgentClient({
    signer,
    swarm: known.swarm,
    policy: known.policy,
    link,
    clock,
    soon: (task) => setImmediate(task),
    onNotice: (notice) => agent.hear(notice),
  });
  const agent = new HiredAgent({
    client,
    runner,
    blocks: new HttpBlocks(api, () => link.session),
    clock,
    policy: known.policy,
    price,
    etaMs,
    secret: new Uint8Array(randomBytes(32)),
    asks: started.value,
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  const close = async (): Promise<void> => {
    client.close();
    await runner.close();
  };
  try {
    client.resume(accountThread(signer.did), known.nonce);
    await enter(client, options, known, welcome);
  } catch (error) {
    await close();
    throw error;
  }
  return { did: signer.did, close };
};

const enter = async (
  client: AgentClient,
  { name, role, capabilities, price }: JoinOptions,
  known: Known,
  welcome: Welcome | undefined,
): Promise<void> => {
  if (welcome !== undefined) {
    const attestations = welcome.attestations.map((one) => ({
      ...one,
      signature: new Uint8Array(Buffer.from(one.signature, "hex")),
    }));
    const manifest = { name, roles: rolesOf(role), capabilities: [...capabilities], price };
    await demand("REGISTER", client.sayAccount("REGISTER", { manifest, attestations }));
  }
  const stake = parseCredits(welcome?.stake ?? "0") ?? 0n;
  if (stake > 0n && parseCredits(known.staked) === 0n)
    await demand("STAKE", client.sayAccount("STAKE", { amount: stake }));
};

const demand = async (verb: AccountVerb, said: Promise<Receipt>): Promise<void> => {
  const receipt = await said;
  if (isNack(receipt))
    throw apiError("ENTRY_REFUSED", { verb, code: receipt.code, detail: receipt.detail ?? "" });
};

/** What REGISTER would say is what the registry says already. */
const isAsWanted = ({ manifest }: Known, { name, role, capabilities, wishes }: JoinOptions) => {
  if (manifest === undefined) return false;
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    [...new Set(a)].sort().join("\n") === [...new Set(b)].sort().join("\n");
  return (
    manifest.name === name &&
    same(manifest.roles, rolesOf(role)) &&
    same(manifest.capabilities, capabilities) &&
    (wishes?.org === undefined || wishes.org === manifest.org)
  );
};

const textOf = (roles: readonly string[], { name, capabilities }: Omit<Manifest, "roles">) =>
  `${name}, ${roles.join(" and ")} for ${[...capabilities].sort().join(", ")}`;

/** In the operator's own name: the token is the operator's. */
const askIn = async (options: JoinOptions, { manifest }: Known): Promise<Welcome> => {
  const { api, signer, name, role, wishes } = options;
  const { did } = signer;
  try {
    return await api.post<Welcome>("/v1/agents", { did, name, role, ...wishes });
  } catch (error) {
    if (!(error instanceof ApiError) || ![401, 403].includes(error.status)) throw error;
    if (manifest === undefined) throw apiError("NOT_WELCOME", { did, name, role });
    const registered = textOf(manifest.roles, manifest);
    const wanted = textOf(rolesOf(role), options);
    throw apiError("MANIFEST_DIFFERS", { did, name, role, registered, wanted });
  }
};
