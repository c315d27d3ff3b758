/**
 * Join a swarm as an agent: make the key known, register, stake, then answer what is
 * asked, for as long as the process lives. Every step is idempotent, so an agent that comes back under
 * the same key goes on.
 */

import { randomBytes } from "node:crypto";
import { accountThread } from "#envelope/envelope.ts";
import type { Signer } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import { parseCredits } from "#protocol/amount.ts";
import type { Role } from "#protocol/bodies.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Credits } from "#protocol/words.ts";
import { AgentClient, isNack, type AccountVerb } from "./client.ts";
import type { AgentRole, Door, Known, Manifest, Welcome, Wishes } from "./door.ts";
import { HiredAgent, type HiredEvent } from "./hired-agent.ts";
import { apiError } from "./http/api.ts";
import { Outbox } from "./outbox.ts";
import type { Runner } from "./runner/runner.ts";

export interface JoinOptions {
  /** Closed when the agent leaves, or could not join. */
  readonly door: Door;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly name: string;
  readonly role: AgentRole;
  readonly capabilities: readonly string[];
  readonly runner: Runner;
  /** Of an agent that does not bid for itself. */
  readonly price: Credits;
  readonly etaMs: number;
  /** As the operator gave it; without it the door must let in whoever has the operator's token. */
  readonly welcome?: Welcome;
  /** Asked of the operator at the door; a welcome in the hand has its own labels. */
  readonly wishes?: Wishes;
  readonly onEvent?: (event: HiredEvent) => void;
  /** Where its outbox lies (outbox.ts). Absent: what it has said is lost with this process. */
  readonly outboxPath?: string;
}

export interface JoinedAgent {
  readonly did: string;
  /** Calls under way fail as stopped, the stream is closed. */
  close(): Promise<void>;
}

const rolesOf = (role: AgentRole): Role[] => (role === "both" ? ["worker", "verifier"] : [role]);

/** Refuses with an ApiError: SWARM_UNREACHABLE, NOT_WELCOME, or what the swarm says of REGISTER and STAKE. */
export const joinSwarm = async (options: JoinOptions): Promise<JoinedAgent> => {
  const { door, runner } = options;
  try {
    const known = await door.known();
    const welcome = isAsWanted(known, options)
      ? undefined
      : (options.welcome ?? (await askIn(options, known)));
    if (welcome !== undefined && welcome.swarm !== known.swarm)
      throw apiError("WELCOME_FOREIGN", { theirs: welcome.swarm, ours: known.swarm });
    return await entered(options, known, welcome);
  } catch (error) {
    await runner.close();
    await door.close();
    throw error;
  }
};

const entered = async (
  options: JoinOptions,
  known: Known,
  welcome: Welcome | undefined,
): Promise<JoinedAgent> => {
  const { door, signer, clock, runner, price, etaMs, onEvent } = options;
  const started = await runner.start();
  if (started.kind === "failed")
    throw apiError("PROGRAM_FAILED", { reason: `${started.code} ${started.detail}` });
  const { swarm, policy } = known;
  const outbox = outboxFor(options);
  const { link, blocks } = door.enter(swarm);
  const client: AgentClient = new AgentClient({
    signer,
    swarm,
    policy,
    link,
    clock,
    soon: (task) => setImmediate(task),
    onNotice: (notice) => agent.hear(notice),
    ...(outbox === undefined ? {} : { outbox }),
  });
  const agent = new HiredAgent({
    client,
    runner,
    blocks,
    clock,
    policy,
    price,
    etaMs,
    secret: new Uint8Array(randomBytes(32)),
    asks: started.value,
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  for (const left of outbox?.left ?? []) agent.resay(left);
  try {
    client.resume(accountThread(signer.did), known.nonce);
    await enter(client, options, known, welcome);
  } catch (error) {
    client.close();
    throw error;
  }
  const close = async (): Promise<void> => {
    client.close();
    await runner.close();
    await door.close();
  };
  return { did: signer.did, close };
};

const outboxFor = ({ outboxPath: path, clock, onEvent }: JoinOptions): Outbox | undefined =>
  path === undefined
    ? undefined
    : Outbox.open({
        path,
        wallMs: () => clock.wallMs(),
        onReconciled: (reconciled) => onEvent?.({ type: "reconciled", ...reconciled }),
        onFailed: (detail) => onEvent?.({ type: "failed", call: "outbox", code: "DISK", detail }),
      });

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

const askIn = async (options: JoinOptions, { manifest }: Known): Promise<Welcome> => {
  const { door, signer, name, role, wishes } = options;
  const { did } = signer;
  const given = await door.welcome({ name, role, ...wishes });
  if (given !== undefined) return given;
  if (manifest === undefined) throw apiError("NOT_WELCOME", { did, name, role });
  const registered = textOf(manifest.roles, manifest);
  const wanted = textOf(rolesOf(role), options);
  throw apiError("MANIFEST_DIFFERS", { did, name, role, registered, wanted });
};
