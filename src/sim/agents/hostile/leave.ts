/**
 * Comes and goes: in the middle of what it was given it takes its capabilities back, vanishes with all it
 * knew, and comes back under the same key as if nothing had been.
 */

import { accountThread } from "#envelope/envelope.ts";
import type { Role } from "#protocol/bodies.ts";
import type { AgentPlan } from "../../plan/plan.ts";
import { CAPABILITY } from "../requester.ts";
import type { Hearing, VillainContext } from "./villain.ts";

/** Of what it is given, parts per million, it leaves upon; and of those, how often it says so before. */
const LEAVES_PPM = 200_000;
const SAYS_PPM = 500_000;
const AWAY_MS = [500, 15_000] as const;
/** Between its last word and its leaving, ms. */
const PACKING_MS = 50;
/** A life that knows nothing of its earlier ones says its words above any of theirs. */
const NONCES_OF_A_LIFE = 1_000;

const rolesOf = ({ role }: AgentPlan): readonly Role[] =>
  role === "both" ? ["worker", "verifier"] : [role];

export const leave = (villain: VillainContext): Hearing => {
  const { client, chance, plan, life, away, machine } = villain;
  const register = (roles: readonly Role[]): void => {
    const manifest = { name: plan.name, roles, capabilities: roles.length > 0 ? [CAPABILITY] : [] };
    void client.sayAccount("REGISTER", { manifest, attestations: [] });
  };
  if (life > 1) {
    client.resume(accountThread(client.did), (life - 1) * NONCES_OF_A_LIFE);
    register(rolesOf(plan));
  }
  return ({ kind }) => {
    if ((kind !== "work" && kind !== "judge") || !chance.chance(LEAVES_PPM)) return false;
    if (chance.chance(SAYS_PPM)) register([]);
    machine.afterTrue(PACKING_MS, () => away(chance.between(...AWAY_MS)));
    return false;
  };
};
