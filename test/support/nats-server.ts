/** Real NATS servers for tests: on loopback or as told, on free ports, with a data folder of their own. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort, LOOPBACK } from "./free-port.ts";
import { freeze } from "./freeze.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/servers.mjs");
/** How long a server may take to say that it is ready, ms. */
const READY_MS = 20_000;

let folder: string | undefined;
/** Where the binaries are; brought on the first call on a fresh checkout. */
const binary = (): string => {
  folder ??= execFileSync(process.execPath, [SCRIPT], { encoding: "utf8" }).trim();
  return join(folder, "nats-server");
};

interface NatsShape {
  /** Where it listens. */
  readonly host?: string;
  /** In the server's own language, beside the data folder. */
  readonly storage?: string;
}

export class NatsServer {
  readonly #dir: string;
  readonly #storage: string;
  readonly port: number;
  readonly #host: string;
  #process: ChildProcess | undefined;
  /** What it said since it was started last. */
  log: string[] = [];

  private constructor(dir: string, port: number, { host = LOOPBACK, storage = "" }: NatsShape) {
    [this.#dir, this.port, this.#host, this.#storage] = [dir, port, host, storage];
  }

  /** `config` is in the server's own language, beside the port and the data folder. */
  static async start(config = "", port?: number, shape: NatsShape = {}): Promise<NatsServer> {
    const dir = mkdtempSync(join(tmpdir(), "canswarm-nats-"));
    const server = new NatsServer(dir, port ?? (await freePort(shape.host)), shape);
    server.configure(config);
    try {
      await server.restart();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `nats://${this.#host}:${this.port}`;
  }

  /** What it will read when it is started again. */
  configure(config: string): void {
    const jetstream = `store_dir: "${this.#dir}/js"\n${this.#storage}`;
    const own = `listen: "${this.#host}:${this.port}"\njetstream { ${jetstream} }\n`;
    writeFileSync(join(this.#dir, "nats.conf"), own + config);
  }

  /** Starts it where it was, with what it has on its disk. Resolves when it takes connections. */
  async restart(): Promise<void> {
    const args = ["-c", join(this.#dir, "nats.conf")];
    const child = spawn(binary(), args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    const lines: string[] = [];
    this.log = lines;
    const ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(lines.join("\n"))), READY_MS);
      createInterface({ input: child.stderr! }).on("line", (line) => {
        lines.push(line);
        if (line.includes("Server is ready")) resolve();
        if (line.includes("Server is ready")) clearTimeout(timer);
      });
      child.once("exit", () => reject(new Error(lines.join("\n"))));
      child.once("exit", () => clearTimeout(timer));
    });
    await ready;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Neither answers nor goes away, until it is continued. */
  freeze(): void {
    freeze(this.#process);
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** What it has on its disk is gone. */
  wipe(): void {
    rmSync(join(this.#dir, "js"), { recursive: true, force: true });
  }

  async dispose(): Promise<void> {
    this.thaw();
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Three servers that keep their streams together. They tell clients of none but those they name. */
export const startCluster = async (host = LOOPBACK): Promise<readonly NatsServer[]> => {
  const routes = await Promise.all([freePort(), freePort(), freePort()]);
  const all = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
  const started = await Promise.allSettled(
    routes.map((port, at) =>
      NatsServer.start(
        `server_name: n${at}\n` +
          `cluster { name: test, listen: "127.0.0.1:${port}", routes: [${all}], no_advertise: true }\n`,
        undefined,
        { host },
      ),
    ),
  );
  const servers = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (servers.length === routes.length) return servers;
  for (const server of servers) await server.dispose();
  throw new Error("a server of the cluster did not start", { cause: started });
};

const UNTIL_MS = 20_000;
const STEP_MS = 10;

/** Waits for what other processes do. */
export const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const endMs = performance.now() + UNTIL_MS;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error("it did not become so in time");
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
};
