/** Real etcd servers for tests: on loopback or as told, on free ports, with a data folder of their own. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LOOPBACK } from "./free-port.ts";
import { freeze } from "./freeze.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/servers.mjs");
/** How long a server may take to be healthy, ms. */
const READY_MS = 20_000;
const STEP_MS = 10;
/** Lines of the server's own words that are kept, to be told when it does not start. */
const LINES_MAX = 20;
/** Quicker than the defaults, as everything is on one machine; a lease may then be of one second. */
const PACE = ["--heartbeat-interval", "30", "--election-timeout", "300"];

let folder: string | undefined;
/** Where the binaries are; brought on the first call on a fresh checkout. */
const binary = (): string => {
  folder ??= execFileSync(process.execPath, [SCRIPT], { encoding: "utf8" }).trim();
  return join(folder, "etcd");
};

/** Ports that nobody held a moment ago, all different. */
const freePorts = async (count: number, host: string): Promise<readonly number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, host);
      await once(server, "listening");
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, "close");
      if (address === null || typeof address === "string") throw new Error("no port");
      return address.port;
    }),
  );
};

/** Waits for what other processes do. */
export const until = async (isSo: () => Promise<boolean>, what: string): Promise<void> => {
  const endMs = performance.now() + READY_MS;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
};

interface Place {
  readonly name: string;
  readonly host: string;
  readonly client: number;
  readonly peer: number;
}

export class EtcdServer {
  readonly #place: Place;
  readonly #cluster: string;
  readonly #dir = mkdtempSync(join(tmpdir(), "canswarm-etcd-"));
  readonly #flags: readonly string[];
  readonly #lines: string[] = [];
  #process: ChildProcess | undefined;

  constructor(place: Place, cluster: string, flags: readonly string[]) {
    this.#place = place;
    this.#cluster = cluster;
    this.#flags = flags;
  }

  get url(): string {
    return `http://${this.#place.host}:${this.port}`;
  }

  get port(): number {
    return this.#place.client;
  }

  /** Starts it where it was, with what it has on its disk. */
  start(): void {
    const { name, host, peer } = this.#place;
    const peerUrl = `http://${host}:${peer}`;
    const named = {
      name,
      "data-dir": join(this.#dir, "data"),
      "listen-client-urls": this.url,
      "advertise-client-urls": this.url,
      "listen-peer-urls": peerUrl,
      "initial-advertise-peer-urls": peerUrl,
      "initial-cluster": this.#cluster,
      "initial-cluster-token": this.#cluster,
      logger: "zap",
      "log-level": "warn",
    };
    const args = Object.entries(named).flatMap(([flag, value]) => [`--${flag}`, value]);
    args.push(...PACE, ...this.#flags);
    const child = spawn(binary(), args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#lines.push(line);
      if (this.#lines.length > LINES_MAX) this.#lines.shift();
    });
  }

  async #get(path: string, body?: object): Promise<unknown> {
    try {
      const post = { method: "POST", body: JSON.stringify(body) };
      const answer = await fetch(`${this.url}${path}`, {
        ...(body === undefined ? {} : post),
        signal: AbortSignal.timeout(1_000),
      });
      return await answer.json();
    } catch {
      return undefined;
    }
  }

  /** Resolves when it takes part in a quorum. */
  async healthy(): Promise<void> {
    const isHealthy = async (): Promise<boolean> => {
      if (this.#process?.exitCode !== null) throw new Error(this.#lines.join("\n"));
      const told = await this.#get("/health");
      return (told as { health?: string } | undefined)?.health === "true";
    };
    await until(isHealthy, `a healthy etcd: ${this.#lines.join("\n")}`);
  }

  async isLeader(): Promise<boolean> {
    const told = await this.#get("/v3/maintenance/status", {});
    const { leader, header } = (told ?? {}) as { leader?: string; header?: { member_id: string } };
    return leader !== undefined && leader === header?.member_id;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** What it had on its disk is gone: it must have been killed. */
  wipe(): void {
    rmSync(join(this.#dir, "data"), { recursive: true, force: true });
  }

  /** Neither answers nor goes away, until it is thawed; `kill` ends it all the same. */
  freeze(): void {
    freeze(this.#process);
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Writes need not be on the disk for a test of what is said; for one of what is kept they must. */
const QUICK = "--unsafe-no-fsync";

/** So many servers that are one etcd; `flags` are etcd's own. */
export const startEtcd = (
  count: number,
  flags: readonly string[] = [],
  host = LOOPBACK,
): Promise<readonly EtcdServer[]> => startDurableEtcd(count, [QUICK, ...flags], host);

export const startDurableEtcd = async (
  count: number,
  flags: readonly string[] = [],
  host = LOOPBACK,
): Promise<readonly EtcdServer[]> => {
  const ports = await freePorts(2 * count, host);
  const places = Array.from({ length: count }, (_, at) => ({
    name: `n${at}`,
    host,
    client: ports[2 * at]!,
    peer: ports[2 * at + 1]!,
  }));
  const cluster = places.map(({ name, peer }) => `${name}=http://${host}:${peer}`).join(",");
  const servers = places.map((place) => new EtcdServer(place, cluster, flags));
  for (const server of servers) server.start();
  try {
    await Promise.all(servers.map((server) => server.healthy()));
  } catch (error) {
    for (const server of servers) await server.dispose();
    throw error;
  }
  return servers;
};

let swarms = 0;
/** A swarm that nobody has used: its rows are its own, so that tests can share a server. */
export const freshSwarm = (): string => {
  swarms += 1;
  return `test-${swarms}.0123456789abcdef`;
};
