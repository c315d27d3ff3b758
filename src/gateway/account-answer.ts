/** What an agent needs to go on after a restart, whichever door it asks at. */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { Did } from "#protocol/words.ts";
import type { GatewaySwarm } from "./swarm.ts";

export const manifestOf = ({ name, roles, capabilities, org }: AgentRow): object => ({
  name,
  roles,
  capabilities,
  ...(org === undefined ? {} : { org }),
});

type Asking = Pick<GatewaySwarm, "swarm" | "policy" | "query">;

export const rowOf = async (swarm: Asking, did: Did): Promise<AgentRow | undefined> => {
  const rows = (await swarm.query<readonly AgentRow[]>(SYSTEM_BUCKET, "agents")) ?? [];
  return rows.find((one) => one.did === did);
};

/** GET /v1/agents/{did}. */
export const accountAnswer = async (swarm: Asking, did: Did): Promise<object> => {
  const account = await swarm.query<{ nonce: number; staked: bigint; balance: bigint }>(
    SYSTEM_BUCKET,
    "account",
    did,
  );
  const row = await rowOf(swarm, did);
  return {
    did,
    swarm: swarm.swarm,
    policy: swarm.policy,
    isRegistered: row !== undefined,
    ...(row === undefined ? {} : { manifest: manifestOf(row) }),
    nonce: account?.nonce ?? 0,
    balance: formatCredits(account?.balance ?? 0n),
    staked: formatCredits(account?.staked ?? 0n),
  };
};
