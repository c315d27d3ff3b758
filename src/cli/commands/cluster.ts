/** `canswarm cluster`: what a cluster is like, and what its servers are told. */

import type { Command } from "commander";
import { nkeys } from "nats";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { StreamRoom } from "#adapters/nats/stream-rooms.ts";
import { backUp, raise, restore, type Copied } from "../cluster/backup.ts";
import { bucketsIn, moveBuckets } from "../cluster/move.ts";
import { natsUsers } from "../cluster/nats-users.ts";
import { findingText, type Reconciled } from "../reconcile/reconciler.ts";
import { CLUSTER_DEFAULT, type ClusterPlaces } from "../cluster/settings.ts";
import { clusterStatus, type ClusterStatus } from "../cluster/status.ts";
import { bytesText, clean, count, milliseconds, palette, styleOf, table } from "../display.ts";
import { CliError } from "../errors.ts";
import { loadSettings } from "../settings.ts";
import { WIDTH_PIPED, type TextStyle } from "../summary-text.ts";

interface Flags {
  readonly config: string;
  readonly json: boolean;
  readonly buckets: boolean;
}

const shown = (value: number | undefined): string => (value === undefined ? "–" : count(value));

const reconciledText = (last: Reconciled | undefined): string => {
  if (last === undefined) return "not yet";
  const ago = `${milliseconds(Math.max(0, Date.now() - last.atMs))} ago`;
  if (last.failure !== undefined) return `${ago}: not done`;
  return last.findingsCount === 0 ? ago : `${ago}: ${count(last.findingsCount)} found`;
};

/** What stands, and what kept a run from its end. */
const findingLines = ({ supervisors }: ClusterStatus): string[] =>
  supervisors.flatMap(({ name, reconciled }) => [
    ...(reconciled?.findings ?? []).map((finding) => `${clean(name)}: ${findingText(finding)}`),
    ...(reconciled?.failure === undefined
      ? []
      : [`${clean(name)}: not reconciled: ${clean(reconciled.failure)}`]),
  ]);

/** Where nobody could be asked nobody has failed to answer. */
const silent = ({ natsFailure }: ClusterStatus): string =>
  natsFailure === undefined ? "does not answer" : "not asked";

const supervisorsTable = (status: ClusterStatus, style: TextStyle): string[] =>
  table(
    [
      { title: "supervisor", align: "left", elastic: true },
      { title: "version", align: "left" },
      { title: "hosts", align: "right" },
      { title: "buckets", align: "right" },
      { title: "lag", align: "right" },
      { title: "reconciled", align: "left" },
    ],
    status.supervisors.map(({ name, isCutOff, version, hosts, buckets, lag, reconciled }) => [
      { text: clean(name) },
      { text: isCutOff ? "cut off from NATS" : clean(version ?? silent(status)) },
      { text: shown(hosts) },
      { text: count(buckets) },
      { text: shown(lag) },
      { text: version === undefined ? "–" : reconciledText(reconciled) },
    ]),
    { width: style.width ?? WIDTH_PIPED, colors: palette(style.color) },
  );

const bucketsTable = ({ buckets }: ClusterStatus, style: TextStyle): string[] =>
  table(
    [
      { title: "bucket", align: "right" },
      { title: "epoch", align: "right" },
      { title: "records", align: "right" },
      { title: "entries", align: "right" },
      { title: "lag", align: "right" },
      { title: "leader", align: "left", elastic: true },
    ],
    buckets.map(({ bucket, leader, epoch, records, size, lag }) => [
      { text: bucket === SYSTEM_BUCKET ? "system" : String(bucket) },
      { text: `${epoch.generation}.${epoch.revision}` },
      { text: count(records) },
      { text: count(size) },
      { text: shown(lag) },
      { text: clean(leader ?? "nobody") },
    ]),
    { width: style.width ?? WIDTH_PIPED, colors: palette(style.color) },
  );

const natsLines = ({ natsFailure }: ClusterStatus): string[] =>
  natsFailure === undefined
    ? []
    : [`NATS does not answer, so this is what etcd says alone: ${clean(natsFailure)}`];

const streamsTable = (streams: readonly StreamRoom[], style: TextStyle): string[] =>
  table(
    [
      { title: "stream", align: "left", elastic: true },
      { title: "used", align: "right" },
      { title: "limit", align: "right" },
      { title: "copies", align: "right" },
    ],
    streams.map(({ stream, bytes, bytesMax, replicas, replicasBehind }) => [
      { text: clean(stream) },
      { text: bytesText(bytes) },
      { text: bytesMax === undefined ? "the servers'" : bytesText(bytesMax) },
      { text: replicasBehind === 0 ? count(replicas) : `${replicas}, ${replicasBehind} behind` },
    ]),
    { width: style.width ?? WIDTH_PIPED, colors: palette(style.color) },
  );

const streamLines = ({ streams, natsFailure }: ClusterStatus, style: TextStyle): string[] => {
  if (natsFailure !== undefined) return [];
  if (streams === undefined) return ["", "NATS does not say what its streams take"];
  return streams.length === 0 ? [] : ["", ...streamsTable(streams, style)];
};

export const renderStatus = (
  status: ClusterStatus,
  withBuckets: boolean,
  style: TextStyle,
): string => {
  const { cluster, swarm, buckets } = status;
  const led = buckets.filter(({ leader }) => leader !== undefined).length;
  const entries = buckets.reduce((sum, { size }) => sum + size, 0);
  return `${[
    `cluster ${clean(cluster)} of the swarm ${clean(swarm)}`,
    `${count(led)} of ${count(buckets.length)} buckets are led, ${count(entries)} entries in their logs`,
    ...natsLines(status),
    "",
    ...supervisorsTable(status, style),
    ...findingLines(status),
    ...streamLines(status, style),
    ...(withBuckets ? ["", ...bucketsTable(status, style)] : []),
  ].join("\n")}\n`;
};

export const addCluster = (program: Command): void => {
  const cluster = program
    .command("cluster")
    .summary("look at and tend several supervisors over etcd and NATS");
  addStatus(cluster);
  addMove(cluster);
  addBackup(cluster);
  addRestore(cluster);
  addRaise(cluster);
  addPermissions(cluster);
  addNkey(cluster);
};

const collect = (one: string, earlier: readonly string[]): readonly string[] => [...earlier, one];

interface ConfigFlag {
  readonly config: string;
}

/** Refuses with CONFIG_INVALID. */
const placesOf = async ({ config }: ConfigFlag): Promise<ClusterPlaces> => {
  const { cluster } = await loadSettings(config);
  if (cluster !== undefined) return cluster;
  throw new CliError("CONFIG_INVALID", { path: config, reason: "it has no `cluster`" });
};

const CONFIG_OPTION = [
  "--config <file>",
  "the supervisors' configuration, with `cluster` in it",
] as const;

const addMove = (cluster: Command): void => {
  cluster
    .command("move")
    .summary("have a supervisor lead these buckets, or whoever should by itself")
    .argument("<bucket...>", "0 to 255, a range such as 10-20, system, all")
    .requiredOption(...CONFIG_OPTION)
    .option("--to <name>", "the supervisor, as `cluster status` calls it")
    .option("--back", "to whoever leads them where nothing was said", false)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm cluster move system 0-63 --to alpha --config cluster.config.mjs",
    )
    .action(
      async (words: readonly string[], flags: ConfigFlag & { to?: string; back: boolean }) => {
        const { to, back } = flags;
        const usage = (reason: string) =>
          new CliError("USAGE", { reason, command: "cluster move" });
        const buckets = bucketsIn(words);
        if (buckets === undefined) throw usage(`${words.join(" ")} are no buckets`);
        if ((to === undefined) !== back) throw usage("a move has --to NAME or --back");
        await moveBuckets(await placesOf(flags), { buckets, to });
        const what = to === undefined ? "go back to their own leaders" : `are led by ${clean(to)}`;
        process.stdout.write(`${count(buckets.length)} buckets ${what}\n`);
      },
    );
};

const copiedText = (
  { swarm, generation, buckets, records, blocks }: Copied,
  what: string,
): string =>
  `${what} ${count(buckets)} buckets, ${count(records)} records and ${count(blocks)} blocks ` +
  `of the swarm ${clean(swarm)}, generation ${generation}\n`;

const addBackup = (cluster: Command): void => {
  cluster
    .command("backup")
    .summary("copy all that a cluster has committed into a folder, while it goes on")
    .argument("<dir>", "a new folder, or one of an earlier backup")
    .requiredOption(...CONFIG_OPTION)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm cluster backup ./copy --config cluster.config.mjs",
    )
    .action(async (dir: string, flags: ConfigFlag) => {
      const copied = await backUp(dir, await placesOf(flags));
      process.stdout.write(copiedText(copied, "copied"));
    });
};

const addRestore = (cluster: Command): void => {
  cluster
    .command("restore")
    .summary("put a backup into etcd and NATS that have nothing of the cluster any more")
    .argument("<dir>", "the folder of a backup")
    .requiredOption(...CONFIG_OPTION)
    .addHelpText(
      "after",
      "\nExample:\n  canswarm cluster restore ./copy --config cluster.config.mjs",
    )
    .action(async (dir: string, flags: ConfigFlag) => {
      const copied = await restore(dir, await placesOf(flags));
      process.stdout.write(copiedText(copied, "restored"));
    });
};

const addRaise = (cluster: Command): void => {
  cluster
    .command("raise")
    .summary("begin a new generation, after etcd was put back from a snapshot of its own")
    .requiredOption(...CONFIG_OPTION)
    .addHelpText(
      "after",
      "\nStop the supervisors before etcd is put back, and start them after this.\n" +
        "What was acknowledged since etcd's snapshot will not have been.\n" +
        "\nExample:\n  canswarm cluster raise --config cluster.config.mjs",
    )
    .action(async (flags: ConfigFlag) => {
      const generation = await raise(await placesOf(flags));
      process.stdout.write(`the next epochs are of generation ${generation}\n`);
    });
};

interface PermissionFlags {
  readonly cluster: string;
  readonly supervisor: readonly string[];
}

const addPermissions = (cluster: Command): void => {
  cluster
    .command("permissions")
    .summary("what the NATS servers let agents and supervisors do, for their configuration")
    .argument("[did...]", "agents, by their did:key")
    .option("--cluster <name>", "the cluster's name", CLUSTER_DEFAULT)
    .option("--supervisor <nkey>", "NKey (U…) of a supervisor; may be repeated", collect, [])
    .addHelpText(
      "after",
      "\nExample:\n  canswarm cluster permissions --supervisor UABC… did:key:z6Mk… > users.conf" +
        '\n  # nats.conf: authorization { include "users.conf" }',
    )
    .action((agents: readonly string[], flags: PermissionFlags) => {
      const { supervisor: supervisors } = flags;
      process.stdout.write(natsUsers(flags.cluster, { supervisors, agents }));
    });
};

const addNkey = (cluster: Command): void => {
  cluster
    .command("nkey")
    .summary("make an NKey for supervisors: its seed on standard output, its name beside")
    .addHelpText(
      "after",
      "\nExample:\n  canswarm cluster nkey > supervisor.nk   # keep it as a secret",
    )
    .action(() => {
      const key = nkeys.createUser();
      process.stdout.write(`${new TextDecoder().decode(key.getSeed())}\n`);
      process.stderr.write(`${key.getPublicKey()}\n`);
    });
};

const addStatus = (cluster: Command): void => {
  cluster
    .command("status")
    .summary("supervisors, streams, who leads which bucket; exit code 1 where nobody leads one")
    .description(
      "Supervisors, streams, and who leads which bucket. Where NATS does not answer it shows what etcd " +
        "knows, and why nobody could be asked. Exit code 1 where nobody leads a bucket, and where NATS does not answer.",
    )
    .requiredOption(...CONFIG_OPTION)
    .option("--buckets", "a row for each bucket too", false)
    .option("--json", "print one JSON object", false)
    .addHelpText("after", "\nExample:\n  canswarm cluster status --config cluster.config.mjs")
    .action(async ({ config, json, buckets }: Flags) => {
      const status = await clusterStatus(await placesOf({ config }));
      process.stdout.write(
        json
          ? `${JSON.stringify(status)}\n`
          : renderStatus(status, buckets, styleOf(process.stdout)),
      );
      const isLed = status.buckets.every(({ leader }) => leader !== undefined);
      if (!isLed || status.natsFailure !== undefined) process.exitCode = 1;
    });
};
