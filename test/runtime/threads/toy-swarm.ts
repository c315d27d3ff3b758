/** Host threads that run the toy over a real store in a folder of their own, and one connection to them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { MessagePort } from "node:worker_threads";
import { connect } from "#adapters/sqlite/client.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { openSqlite, type SqliteThread } from "#adapters/sqlite/open.ts";
import { BUCKETS, bucketOf, sha256 } from "#envelope/cid.ts";
import type { Receipt } from "#protocol/notices.ts";
import { defineSupervisor } from "#runtime/supervision/spec.ts";
import { HostSet, type HostNews } from "#runtime/threads/host-set.ts";
import { WorkerHosts } from "#runtime/threads/worker-hosts.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import { sender, spoken, type Spoken } from "../toy/rig.ts";

const urlOf = (path: string): string => pathToFileURL(resolve(path)).href;

export class ToySwarm {
  readonly hosts: HostSet<MessagePort>;
  readonly link: PortLink;
  readonly news: HostNews[] = [];
  readonly halts: string[] = [];
  readonly receipts = new Map<string, Receipt>();
  resumed = 0;
  /** What is said again whenever a host came back. */
  readonly unanswered = new Map<string, Spoken>();
  readonly #dir: string;
  readonly #sqlite: SqliteThread;
  #watchers: (() => void)[] = [];
  #tried = 0;

  private constructor(
    dir: string,
    sqlite: SqliteThread,
    restartsMax: number,
    youngMib: number | undefined,
  ) {
    this.#dir = dir;
    this.#sqlite = sqlite;
    const placement = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket % 2);
    this.link = new PortLink({ placement });
    this.link.attach(sender.did, {
      receipt: (receipt) => {
        this.unanswered.delete(receipt.envelope);
        this.receipts.set(receipt.envelope, receipt);
        this.#changed();
      },
      notice: () => this.#changed(),
      resumed: () => {
        this.resumed += 1;
        for (const one of this.unanswered.values()) this.link.send(one.id, one.wire);
        this.#changed();
      },
    });
    const store = connect(sqlite.port());
    this.hosts = new HostSet({
      hosts: 2,
      placement,
      runner: new WorkerHosts({
        application: urlOf("test/runtime/toy/application.ts"),
        init: undefined,
        storage: urlOf("src/adapters/sqlite/client.ts"),
        storageInit: undefined,
        storePorts: () => [sqlite.port()],
        youngMib,
      }),
      tree: defineSupervisor({
        name: "toy",
        strategy: "one-for-one",
        restartsMax,
        restartWindowMs: 60_000,
        children: [{ name: "host", threads: 2, restartsMax, restartWindowMs: 60_000 }],
      }),
      facts: { master: sha256(), fields: {} },
      lead: async (buckets, tell) => tell(buckets, await store.lead(buckets)),
      clock: systemClock(),
      onNews: (item) => {
        this.news.push(item);
        this.#changed();
      },
      onHalt: (reason) => {
        this.halts.push(reason);
        this.#changed();
      },
    });
    this.hosts.add({ id: 1, connect: (index, port) => this.link.connect(index, port) });
  }

  static async open(restartsMax = 5, youngMib?: number): Promise<ToySwarm> {
    const dir = mkdtempSync(join(tmpdir(), "toy-"));
    const swarm = new ToySwarm(dir, await openSqlite(dir), restartsMax, youngMib);
    await swarm.hosts.ready();
    return swarm;
  }

  async close(): Promise<void> {
    this.link.close();
    await this.hosts.stop();
    await this.#sqlite.close();
    rmSync(this.#dir, { recursive: true });
  }

  /** An envelope whose thread is its own id, of a bucket that this host leads. */
  for(host: number, verb: string, body: object): Spoken {
    for (;;) {
      this.#tried += 1;
      const one = spoken(verb, body, 1, undefined, {
        lamport: this.#tried,
        expiresAtMs: Number.MAX_SAFE_INTEGER,
      });
      if (bucketOf(one.id) % 2 === host) return one;
    }
  }

  say(one: Spoken): void {
    this.unanswered.set(one.id, one);
    this.link.send(one.id, one.wire);
  }

  async answer(one: Spoken): Promise<Receipt> {
    await this.until(() => this.receipts.has(one.id));
    return this.receipts.get(one.id)!;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((go) => this.#watchers.push(go));
  }

  #changed(): void {
    for (const go of this.#watchers.splice(0)) go();
  }
}
