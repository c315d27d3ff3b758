/** Everybody joins: the operator grants and attests, agents register and stake. */

import { isNack, type AgentClient } from "#agent/client.ts";
import type { Signer } from "#envelope/keys.ts";
import type { Role } from "#protocol/bodies.ts";
import { memberDigest } from "#protocol/digests.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Did } from "#protocol/words.ts";
import { CAPABILITY } from "./requester.ts";

const CREDIT = 1_000_000n;

export interface Joining {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly org?: string;
  readonly controller?: Did;
  /** Credits, whole. */
  readonly credits: number;
  readonly stake: number;
  readonly client: AgentClient;
}

const demand = (who: string, receipt: Receipt): void => {
  if (isNack(receipt))
    throw new Error(`${who} is refused: ${receipt.code} ${receipt.detail ?? ""}`);
};

export const enrol = async (
  operator: { readonly client: AgentClient; readonly signer: Signer },
  members: readonly Joining[],
): Promise<void> => {
  await Promise.all(
    members.map(async ({ name, roles, org, controller, credits, stake, client }) => {
      const amount = BigInt(credits + stake) * CREDIT;
      const to = client.did;
      if (amount > 0n)
        demand("operator", await operator.client.sayAccount("TRANSFER", { to, amount, key: name }));
      const attestations =
        org === undefined
          ? []
          : [
              {
                label: "org" as const,
                value: org,
                by: operator.signer.did,
                signature: operator.signer.sign(memberDigest(to, "org", org)),
              },
            ];
      const capabilities = roles.includes("requester") ? [] : [CAPABILITY];
      const manifest = { name, roles, capabilities };
      const controlled = controller === undefined ? {} : { controller };
      const body = { manifest, attestations, ...controlled };
      demand(name, await client.sayAccount("REGISTER", body));
      if (stake > 0)
        demand(name, await client.sayAccount("STAKE", { amount: BigInt(stake) * CREDIT }));
    }),
  );
};
