/** One host on this one thread, over the real store: for profiles and heaps that show the whole of it. */

import { createApplication, query } from "#actors/application.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { openSqlite, type SqliteThread } from "#adapters/sqlite/open.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { loadSettings } from "#cli/settings.ts";
import { epochFields } from "#cli/swarm/embedded.ts";
import type { Folder } from "#cli/swarm/folder.ts";
import { OwnOperator } from "#cli/swarm/operator.ts";
import type { RunningSwarm } from "#cli/swarm/running-swarm.ts";
import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { HostSet, type Connection } from "#runtime/threads/host-set.ts";
import { HostShell } from "#runtime/threads/host-shell.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import type { HostRunner, Port, RemoteControl } from "#runtime/threads/protocol.ts";

export type OwnSwarm = RunningSwarm & { readonly placement: readonly number[] };

export interface OneThread {
  readonly swarm: OwnSwarm;
  readonly sqlite: SqliteThread;
  /** Whoever else is to be connected to the host. */
  readonly add: (connect: Connection<Port>["connect"]) => void;
  readonly close: () => Promise<void>;
}

/** A channel inside this thread: delivered in order, as soon as what is at hand is done. */
const channel = (): readonly [Port, Port] => {
  const listeners: ((message: unknown) => void)[] = [];
  const end = (own: number, other: number): Port => ({
    postMessage: (message) => void setImmediate(() => listeners[other]?.(message)),
    on: (_event, listener) => {
      listeners[own] = listener;
    },
    close: () => {},
  });
  return [end(0, 1), end(1, 0)];
};

type ShellOptions = ConstructorParameters<typeof HostShell<Port>>[0];

/** Starts the host here; its control plane answers later than it is asked, as from another thread. */
const runnerOf = (
  given: Pick<ShellOptions, "app" | "query" | "store" | "clock">,
): HostRunner<Port> => ({
  channel,
  start: ({ index, dead }) => {
    const shell = new HostShell<Port>({
      ...given,
      index,
      dead,
      soon: (task) => setImmediate(task),
      inHand: () => {},
      event: () => {},
      beforeTurn: () => {},
    });
    const control = Object.fromEntries(
      Object.entries(shell.control).map(([name, ask]) => [
        name,
        async (...asked: never[]) => (ask as (...args: never[]) => unknown)(...asked),
      ]),
    ) as unknown as RemoteControl<Port>;
    return {
      control,
      inHand: () => "",
      onEvent: () => {},
      onExit: () => {},
      terminate: async () => {},
    };
  },
});

export const openOneThread = async (folder: Folder): Promise<OneThread> => {
  const sqlite = await openSqlite(folder.dir);
  const store = connect(sqlite.port());
  const clock = systemClock();
  const placement = Array.from({ length: BUCKETS + 1 }, () => 0);
  const { tree } = await loadSettings(undefined);
  const hosts = new HostSet<Port>({
    hosts: 1,
    placement,
    runner: runnerOf({ app: createApplication(folder.genesisBytes), query, store, clock }),
    tree: { ...tree, children: tree.children.map((child) => ({ ...child, threads: 1 })) },
    facts: { master: folder.keys.seed("operator"), fields: epochFields(folder) },
    lead: async (buckets, tell) => tell(buckets, await store.lead(buckets)),
    clock,
    onNews: () => {},
    onHalt: (reason) => process.stderr.write(`${reason}\n`),
  });
  await hosts.ready();
  let connections = 0;
  const add: OneThread["add"] = (connect) => {
    connections += 1;
    hosts.add({ id: connections, connect });
  };
  const close = async (): Promise<void> => {
    await hosts.stop();
    await sqlite.close();
  };
  const swarm: OwnSwarm = {
    folder,
    clock,
    store,
    reconciled: undefined,
    cluster: undefined,
    foreteller: undefined,
    agents: undefined,
    placement,
    openOperator: () => OwnOperator.open(swarm, swarm.link(), folder.operator),
    link: () => {
      const link = new PortLink({ placement });
      add((index, port) => link.connect(index, port));
      return link;
    },
    query: async <T>(_bucket: number, name: string, argument?: unknown) =>
      (await hosts.control(0)?.query(name, argument)) as T | undefined,
    queryAll: async (name) => [await hosts.control(0)?.query(name, undefined)],
    counts: () => hosts.stats(),
    system: (name, argument) => swarm.query(SYSTEM_BUCKET, name, argument),
    drain: () => hosts.drain(),
    close,
  };
  return { swarm, sqlite, add, close };
};
