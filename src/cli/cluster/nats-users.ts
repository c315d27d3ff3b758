/**
 * Who may say and hear what on the servers of a cluster, in the language of their configuration. Agents
 * are known by their own keys, each hears what is said to it alone (docs/internals/nats.md).
 */

import { publicKeyOf } from "#envelope/did.ts";
import { nkeyOf } from "#adapters/nats/nkey.ts";
import { agentSubject, answerSubject, PRESENCE } from "#ports/bus.ts";
import type { Did } from "#protocol/words.ts";
import { CliError } from "../errors.ts";

interface User {
  readonly nkey: string;
  readonly about: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Of whoever leads buckets, or runs agents for the operator: all of the cluster, and JetStream. */
const supervisor = (cluster: string, nkey: string): User => ({
  nkey,
  about: "supervisor",
  publish: [`${cluster}.>`, "$JS.API.>", "_INBOX.>"],
  subscribe: [`${cluster}.>`, "_INBOX.>"],
});

const agent = (cluster: string, did: Did): User => {
  const key = publicKeyOf(did);
  if (key === undefined)
    throw new CliError("USAGE", {
      reason: `${did} is no did:key of Ed25519`,
      command: "cluster permissions",
    });
  const own = (subject: string): string => `${cluster}.${subject}`;
  return {
    nkey: nkeyOf(key),
    about: did,
    publish: [own("bucket.*"), own("door.*"), own(PRESENCE)],
    subscribe: [own(agentSubject(did)), own(answerSubject(did))],
  };
};

const list = (subjects: readonly string[]): string =>
  `[${subjects.map((one) => `"${one}"`).join(", ")}]`;

const rendered = ({ nkey, about, publish, subscribe }: User): string =>
  [
    `  # ${about}`,
    `  { nkey: "${nkey}", permissions: {`,
    `    publish: { allow: ${list(publish)} },`,
    `    subscribe: { allow: ${list(subscribe)} } } }`,
  ].join("\n");

/** To be included in `authorization { … }`. Refuses with USAGE. */
export const natsUsers = (
  cluster: string,
  {
    supervisors,
    agents,
  }: { readonly supervisors: readonly string[]; readonly agents: readonly Did[] },
): string => {
  const users = [
    ...supervisors.map((nkey) => supervisor(cluster, nkey)),
    ...agents.map((did) => agent(cluster, did)),
  ];
  return `users = [\n${users.map(rendered).join("\n")}\n]\n`;
};
