/**
 * A cluster on this machine: etcd and NATS, three servers each or one, supervisors as processes of their
 * own with folders of their own, one configuration file for all of them.
 */

import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { clusterStatus, type ClusterStatus } from "#cli/cluster/status.ts";
import { loadSettings } from "#cli/settings.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { startDurableEtcd, startEtcd, type EtcdServer } from "../support/etcd-server.ts";
import { NatsServer, startCluster } from "../support/nats-server.ts";
import { Running, until } from "../integration/command.ts";

const UP_MS = 60_000;
/** Longer than any bench. */
const LIVES_MS = 3_600_000;

export interface ClusterShape {
  readonly servers: 1 | 3;
  /** Of this machine, where they listen; loopback where it is not said. */
  readonly address?: string;
  /** etcd answers when its disk has it, as in earnest. */
  readonly isDurable?: boolean;
  readonly hosts?: number;
  /** Of the genesis, as in a configuration. */
  readonly parameters?: string;
  /** Between two runs of each supervisor's reconciler. */
  readonly reconcileSeconds?: number;
  /** Of one NATS server: what its configuration says beside the port, and ours beside its address. */
  readonly nats?: { readonly server: string; readonly client: string };
}

/** Where a supervisor is, if not beside the servers. */
interface Place {
  readonly ways?: Ways;
  /** What its process is started with: as of Running. */
  readonly within?: readonly string[];
}

/** A supervisor's own ways to the servers. */
interface Ways {
  readonly etcd: readonly FaultProxy[];
  readonly nats: readonly FaultProxy[];
}

const NO_WAYS: Ways = { etcd: [], nats: [] };

export class Supervisor {
  readonly data: string;
  readonly #args: readonly string[];
  readonly #ways: Ways;
  readonly #within: readonly string[];
  running!: Running;
  url = "";

  constructor(data: string, args: readonly string[], { ways = NO_WAYS, within = [] }: Place = {}) {
    [this.data, this.#args, this.#ways, this.#within] = [data, args, ways, within];
  }

  /** As the cluster knows it. */
  get name(): string {
    return readFileSync(join(this.data, "name"), "utf8").trim();
  }

  /** Nothing comes through to it, nor from it, until it is joined: it must have been put apart. */
  cutOff(from: "nats" | "everything"): void {
    const { etcd, nats } = this.#ways;
    if (nats.length === 0) throw new Error("it has no ways of its own");
    for (const way of from === "nats" ? nats : [...etcd, ...nats])
      way.weather = { kind: "half-open", lost: "both" };
  }

  joinUp(): void {
    for (const way of this.#allWays()) way.weather = { kind: "fair" };
  }

  async closeWays(): Promise<void> {
    await Promise.all(this.#allWays().map((way) => way.close()));
  }

  #allWays(): readonly FaultProxy[] {
    return [...this.#ways.etcd, ...this.#ways.nats];
  }

  /** Resolves when it takes requests. */
  async up(): Promise<void> {
    const args = ["up", "--data", this.data, "--port", "0", "--json", ...this.#args];
    const running = new Running(args, process.env, LIVES_MS, this.#within);
    this.running = running;
    let isOver = false;
    void running.ended.then(() => (isOver = true));
    await until("a supervisor is up", () => running.stdout.includes("\n") || isOver, UP_MS);
    if (isOver) throw new Error(`a supervisor ended: ${running.stderr}`);
    this.url = (JSON.parse(running.stdout) as { url: string }).url;
  }
}

export class LocalCluster {
  readonly dir = mkdtempSync(join(tmpdir(), "canswarm-cluster-"));
  readonly etcd: readonly EtcdServer[];
  readonly nats: readonly NatsServer[];
  readonly supervisors: Supervisor[] = [];
  #changes = 0;
  #consensus: EtcdConsensus | undefined;
  readonly #natsClient: string;
  readonly #shape: Required<Pick<ClusterShape, "hosts" | "parameters" | "reconcileSeconds">>;
  /** For machines that lead buckets, and for one that leads none. */
  readonly config: string;
  readonly clientConfig: string;

  private constructor(
    etcd: readonly EtcdServer[],
    nats: readonly NatsServer[],
    { hosts = 1, parameters = "{}", reconcileSeconds = 60, nats: own }: ClusterShape,
  ) {
    this.#natsClient = own?.client ?? "";
    [this.etcd, this.nats] = [etcd, nats];
    this.#shape = { hosts, parameters, reconcileSeconds };
    const direct = { etcd: etcd.map(({ url }) => url), nats: nats.map(({ url }) => url) };
    this.config = this.#write("cluster.config.mjs", direct, hosts);
    this.clientConfig = this.#write("client.config.mjs", direct, 0);
  }

  static async start(shape: ClusterShape): Promise<LocalCluster> {
    const { servers, isDurable = false, address } = shape;
    const etcd = await (isDurable ? startDurableEtcd : startEtcd)(servers, [], address);
    const nats =
      servers === 1
        ? [
            await NatsServer.start(
              shape.nats?.server,
              undefined,
              address === undefined ? {} : { host: address },
            ),
          ]
        : await startCluster(address);
    return new LocalCluster(etcd, nats, shape);
  }

  #write(name: string, servers: Record<"etcd" | "nats", readonly string[]>, hosts: number): string {
    const path = join(this.dir, name);
    const etcd = JSON.stringify(servers.etcd);
    const nats = JSON.stringify(servers.nats);
    writeFileSync(
      path,
      `const host = { name: "host", threads: ${Math.max(1, hosts)}, restart: "always",
  onRestart: "replay", restartsMax: 5, restartWindowMs: 60_000 };
export default {
  hosts: ${hosts},
  tree: { name: "canswarm", strategy: "one-for-one", children: [host] },
  parameters: ${this.#shape.parameters},
  cluster: {
    name: "local",
    etcd: { endpoints: ${etcd} },
    nats: { servers: ${nats}, ${this.#natsClient} },
    operatorKeyFile: "operator.key",
    reconcileSeconds: ${this.#shape.reconcileSeconds},
  },
};
`,
    );
    return path;
  }

  /** Another configuration beside the two. */
  change(name: string, changed: (text: string) => string): string {
    const path = join(this.dir, `${name}-${(this.#changes += 1)}.config.mjs`);
    writeFileSync(path, changed(readFileSync(this.clientConfig, "utf8")));
    return path;
  }

  folder(name: string): string {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** One more supervisor; the first founds the swarm. */
  join(...args: readonly string[]): Promise<Supervisor> {
    return this.joinWithin([], ...args);
  }

  /** The same behind other words of a command: in a namespace. */
  async joinWithin(within: readonly string[], ...args: readonly string[]): Promise<Supervisor> {
    const data = this.folder(`supervisor-${this.supervisors.length}`);
    const one = new Supervisor(data, ["--config", this.config, ...args], { within });
    this.supervisors.push(one);
    await one.up();
    return one;
  }

  /** The same behind proxies of its own, so that it can be cut off. */
  async joinApart(...args: readonly string[]): Promise<Supervisor> {
    const number = this.supervisors.length;
    const wayTo = (url: string): Promise<FaultProxy> => {
      const { hostname, port } = new URL(url);
      return FaultProxy.to(Number(port), hostname);
    };
    const waysTo = (urls: readonly string[]): Promise<readonly FaultProxy[]> =>
      Promise.all(urls.map(wayTo));
    const ways: Ways = {
      etcd: await waysTo(this.etcd.map(({ url }) => url)),
      nats: await waysTo(this.nats.map(({ url }) => url)),
    };
    const urls = {
      etcd: ways.etcd.map(({ port }) => `http://127.0.0.1:${port}`),
      nats: ways.nats.map(({ port }) => `nats://127.0.0.1:${port}`),
    };
    const config = this.#write(`apart-${number}.config.mjs`, urls, this.#shape.hosts);
    const data = this.folder(`supervisor-${number}`);
    const one = new Supervisor(data, ["--config", config, ...args], { ways });
    this.supervisors.push(one);
    await one.up();
    return one;
  }

  /** What `canswarm cluster status` tells, without a process for each look. */
  async status(): Promise<ClusterStatus> {
    const { cluster } = await loadSettings(this.clientConfig);
    if (cluster === undefined) throw new Error("a configuration without a cluster");
    return clusterStatus(cluster);
  }

  /** Who leads each bucket, by name, as etcd has it. */
  async leaders(): Promise<ReadonlyMap<number, string>> {
    this.#consensus ??= await this.#openConsensus();
    const rows = await this.#consensus.leaders();
    return new Map(rows.map(({ bucket, holder }) => [bucket, holder]));
  }

  /** Of all buckets, how many one leads. */
  async ledBy({ name }: Supervisor): Promise<number> {
    return [...(await this.leaders()).values()].filter((holder) => holder === name).length;
  }

  async #openConsensus(): Promise<EtcdConsensus> {
    const { cluster } = await loadSettings(this.clientConfig);
    if (cluster === undefined) throw new Error("a configuration without a cluster");
    const { swarm } = await clusterStatus(cluster);
    return new EtcdConsensus({ ...cluster.etcd, swarm });
  }

  /** `keep`: its folder, to look at. */
  /** Ctrl-C leaves nothing behind: no server, no supervisor, and none of the programs of this tool. */
  closeWhenInterrupted(programs: ReadonlySet<ChildProcess>): void {
    for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const])
      process.once(signal, () => {
        for (const program of programs) program.kill("SIGKILL");
        void this.close().finally(() => process.exit(code));
      });
  }

  async close(keep = false): Promise<void> {
    for (const { running } of this.supervisors) running.child.kill("SIGKILL");
    await Promise.all(this.supervisors.map(({ running }) => running.ended));
    await Promise.all(this.supervisors.map((one) => one.closeWays()));
    await this.#consensus?.close();
    await Promise.all([...this.etcd, ...this.nats].map((server) => server.dispose()));
    if (!keep) rmSync(this.dir, { recursive: true, force: true });
  }
}
