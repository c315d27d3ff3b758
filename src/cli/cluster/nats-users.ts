/**
 * Who may say and hear what on the servers of a cluster, in the language of their configuration. Agents
 * are known by their own keys, each hears what is said to it alone (docs/internals/nats.md).
 */

import { publicKeyOf } from "#envelope/did.ts";
import { isUserNkey, nkeyOf } from "#adapters/nats/nkey.ts";
import { agentSubject, answerSubject, PRESENCE } from "#ports/bus.ts";
import type { Did } from "#protocol/words.ts";
import { CliError } from "../errors.ts";
import { CLUSTER_NAME_TAKES, isClusterName } from "./settings.ts";

interface User {
  readonly nkey: string;
  readonly about: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const usage = (reason: string): CliError =>
  new CliError("USAGE", { reason, command: "cluster permissions" });

/** Of whoever leads buckets, or runs agents for the operator: all of the cluster, and JetStream. */
const supervisor = (cluster: string, nkey: string): User => {
  // A seed is a secret: it is not told again.
  const shown = nkey.startsWith("S") ? "a seed" : nkey;
  if (!isUserNkey(nkey)) throw usage(`${shown} is no public NKey of a user (U…)`);
  return {
    nkey,
    about: "supervisor",
    publish: [`${cluster}.>`, "$JS.API.>", "_INBOX.>"],
    subscribe: [`${cluster}.>`, "_INBOX.>"],
  };
};

const agent = (cluster: string, did: Did): User => {
  const key = publicKeyOf(did);
  if (key === undefined) throw usage(`${did} is no did:key of Ed25519`);
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

/**
 * To be included in `authorization { … }`. Refuses with USAGE: whatever is written here would be read by
 * the servers as it stands.
 */
export const natsUsers = (
  cluster: string,
  {
    supervisors,
    agents,
  }: { readonly supervisors: readonly string[]; readonly agents: readonly Did[] },
): string => {
  if (!isClusterName(cluster)) throw usage(`--cluster ${CLUSTER_NAME_TAKES}, not ${cluster}`);
  const users = [
    ...supervisors.map((nkey) => supervisor(cluster, nkey)),
    ...agents.map((did) => agent(cluster, did)),
  ];
  return `users = [\n${users.map(rendered).join("\n")}\n]\n`;
};
