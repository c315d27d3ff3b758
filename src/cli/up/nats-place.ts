/** `--nats` of `canswarm agent`: the way in over the bus of a cluster. */

import { Option, type Command } from "commander";
import type { NatsTls } from "#adapters/nats/connect.ts";
import type { NatsPlace } from "#agent/nats/door.ts";
import { natsTlsOf } from "../cluster/pem.ts";
import { CLUSTER_DEFAULT, CLUSTER_NAME_TAKES, isClusterName } from "../cluster/settings.ts";
import { CliError } from "../errors.ts";

export interface NatsFlags {
  readonly nats?: readonly string[];
  readonly cluster: string;
  readonly natsToken?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

const collect = (one: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  one,
];

export const natsOptions = (command: Command): Command =>
  command
    .option(
      "--nats <url>",
      "join over the NATS of a cluster, without a supervisor's --url; one of its servers, may be repeated",
      collect,
    )
    .option("--cluster <name>", "of --nats: the cluster's name", CLUSTER_DEFAULT)
    .addOption(
      new Option("--nats-token <token>", "of --nats: the servers' token").env(
        "CANSWARM_NATS_TOKEN",
      ),
    )
    .option("--nats-ca <file>", "of --nats: TLS, with servers of this authority (PEM)")
    .option("--nats-cert <file>", "of --nats: the agent's certificate (PEM)")
    .option("--nats-key <file>", "of --nats: the key of --nats-cert (PEM)");

/** Undefined: not over NATS. Refuses with USAGE. */
export const natsPlaceOf = (flags: NatsFlags): NatsPlace | undefined => {
  const { nats, cluster, natsToken, natsCa, natsCert, natsKey } = flags;
  const usage = (reason: string): CliError => new CliError("USAGE", { reason, command: "agent" });
  if (nats === undefined) {
    if ((natsCa ?? natsCert ?? natsKey) !== undefined)
      throw usage("--nats-ca, --nats-cert and --nats-key are of --nats URL");
    return undefined;
  }
  if (!isClusterName(cluster)) throw usage(`--cluster ${CLUSTER_NAME_TAKES}, not ${cluster}`);
  if ((natsCert === undefined) !== (natsKey === undefined))
    throw usage("--nats-cert and --nats-key come together");
  const isPrivate = nats.some((url) => url.startsWith("tls://"));
  const tls = tlsOf(flags, usage);
  return {
    servers: nats,
    cluster,
    ...(natsToken === undefined ? {} : { token: natsToken }),
    ...(isPrivate || Object.keys(tls).length > 0 ? { tls } : {}),
  };
};

const tlsOf = (
  { natsCa: ca, natsCert: cert, natsKey: key }: NatsFlags,
  usage: (reason: string) => CliError,
): NatsTls => {
  try {
    return natsTlsOf({ ca, cert, key });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
};
