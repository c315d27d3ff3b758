/** `canswarm welcome DID`: the operator lets an agent in that has a key of its own, on another machine. */

import type { Command } from "commander";
import type { Welcome } from "#agent/door.ts";
import { apiOf, connectOptions, type ConnectFlags } from "../up/connect.ts";

interface WelcomeFlags extends ConnectFlags {
  readonly name: string;
  readonly role: string;
  readonly org?: string;
}

export const addWelcome = (program: Command): void => {
  const welcome = program
    .command("welcome")
    .summary("let an agent in: grant it credits, attest its org; prints what it needs")
    .argument("<did>", "the agent's did:key")
    .requiredOption("--name <name>", "its name, attested as its org too")
    .option("--role <role>", "worker, verifier or both", "worker")
    .option("--org <org>", "its org, where that is not its name: nobody judges work of its own org")
    .addHelpText(
      "after",
      "\nExample:\n  canswarm welcome did:key:z6Mk… --name doubler > doubler.json",
    );
  connectOptions(welcome).action(async (did: string, flags: WelcomeFlags) => {
    const { name, role, org } = flags;
    const wishes = org === undefined ? {} : { org };
    const given = await apiOf(flags).post<Welcome>("/v1/agents", {
      did,
      name,
      role,
      ...wishes,
    });
    process.stdout.write(`${JSON.stringify(given)}\n`);
  });
};
