/**
 * Moves its money while it is needed elsewhere: unstakes in the middle of its seats, sends credits round,
 * registers anew as somebody else with labels that nobody attested.
 */

import { accountThread } from "#envelope/envelope.ts";
import type { Bodies, Label, Manifest } from "#protocol/bodies.ts";
import { memberDigest } from "#protocol/digests.ts";
import type { Did } from "#protocol/words.ts";
import { CAPABILITY } from "../requester.ts";
import { inBursts, type Hearing, type VillainContext } from "./villain.ts";

const PACE = { bursts: 8, everyMs: [2_000, 9_000] } as const;
const CREDIT = 1_000_000;
const AMOUNTS: readonly bigint[] = [1n, 1_000_000n, 90_000_000n, 10n ** 12n, 2n ** 63n - 1n];

const WAYS = { unstake: 4, stake: 3, transfer: 5, register: 3 } as const;

export const launder = (villain: VillainContext): Hearing => {
  const { chance, client, rumours, send } = villain;
  const own = accountThread(client.did);
  const say = <V extends "STAKE" | "UNSTAKE" | "TRANSFER" | "REGISTER">(
    verb: V,
    bodies: readonly Bodies[V][],
  ): void => {
    // Nobody waits for receipts: what is lost is lost.
    for (const { wire } of client.prepare(verb, own, bodies)) send(own, wire);
  };
  inBursts(villain, PACE, () => {
    const amount = BigInt(chance.between(1, 300)) * BigInt(CREDIT);
    switch (chance.weighted(WAYS)) {
      case "unstake":
        return say("UNSTAKE", [{ amount }, { amount: chance.pick(AMOUNTS) }]);
      case "stake":
        return say("STAKE", [{ amount: chance.pick(AMOUNTS) }, { amount }]);
      case "transfer": {
        const to = [client.did, ...rumours.people];
        const pay = (): Bodies["TRANSFER"] => ({
          to: chance.pick(to),
          amount: chance.pick(AMOUNTS),
          ...(chance.chance(500_000) ? { key: `key-${chance.below(3)}` } : {}),
        });
        return say("TRANSFER", [pay(), pay(), pay()]);
      }
      case "register":
        return say("REGISTER", [disguise(villain)]);
    }
  });
  return () => false;
};

const disguise = ({ chance, client, rumours, signer }: VillainContext): Bodies["REGISTER"] => {
  const roles: readonly Manifest["roles"][] = [
    ["worker", "verifier"],
    ["verifier"],
    ["worker"],
    ["requester"],
    [],
  ];
  const capabilities = chance.pick([[CAPABILITY], [CAPABILITY, "cube"], ["cube"], []]);
  const manifest: Manifest = { name: "somebody else", roles: chance.pick(roles), capabilities };
  const controllers: readonly Did[] = [client.did, ...rumours.people];
  const controller = chance.chance(300_000) ? { controller: chance.pick(controllers) } : {};
  if (chance.chance(500_000)) return { manifest, attestations: [], ...controller };
  const [label, by] = [chance.pick<Label>(["org", "asn"]), client.did];
  // Itself as its own org is allowed; an unattested asn is not.
  const signature = chance.chance(500_000)
    ? chance.bytes(64)
    : signer.sign(memberDigest(client.did, label, by));
  return { manifest, attestations: [{ label, value: by, by, signature }], ...controller };
};
