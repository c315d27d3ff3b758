/** How this process speaks to a swarm for an account whose key it has, and what it asks of one. */

import type { Signer } from "#envelope/keys.ts";
import { AgentClient, isNack } from "#agent/client.ts";
import type { AccountStatus } from "#actors/queries.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Did } from "#protocol/words.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import { CliError } from "../errors.ts";
import type { RunningSwarm } from "./running-swarm.ts";

export const clientFor = (
  swarm: RunningSwarm,
  link: SwarmLink,
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

export const accountOf = async (swarm: RunningSwarm, did: Did): Promise<AccountStatus> => {
  const status = await swarm.system<AccountStatus>("account", did);
  if (status === undefined) throw new Error("the system bucket is not led here");
  return status;
};

/** ms. */
const LOOK_AGAIN_MS = 10;

/**
 * Every host must have pinned the registry before anybody posts: else the first NEEDs are told to wait.
 * Answers the revision that all have.
 */
export const registryReady = async (swarm: RunningSwarm): Promise<number> => {
  for (;;) {
    const published = (await swarm.system<number>("registered")) ?? 0;
    const pinned = await swarm.queryAll("pinned");
    if (published > 0 && pinned.every((revision) => Number(revision) >= published))
      return published;
    await new Promise<void>((resolve) => void swarm.clock.after(LOOK_AGAIN_MS, resolve));
  }
};
