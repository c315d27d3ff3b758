/**
 * Where the CPU of a lifecycle goes: one host and all agents on this one thread, with real signatures and
 * the real store, without copies between threads. One flame shows it all:
 *
 *     node --cpu-prof bench/micro/lifecycle.ts [--seconds 10] [--open 512]
 *
 * Prints lifecycles a second and the CPU for each.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "#adapters/sqlite/client.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { createApplication, query } from "#actors/application.ts";
import { enrolLoad } from "#cli/bench/lifecycle.ts";
import { Load } from "#cli/bench/load-thread.ts";
import { loadSettings } from "#cli/settings.ts";
import { epochFields } from "#cli/swarm/embedded.ts";
import { openFolder } from "#cli/swarm/folder.ts";
import { OwnOperator } from "#cli/swarm/operator.ts";
import type { RunningSwarm } from "#cli/swarm/running-swarm.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { HostSet } from "#runtime/threads/host-set.ts";
import { HostShell } from "#runtime/threads/host-shell.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import type { HostRunner, Port, RemoteControl } from "#runtime/threads/protocol.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    open: { type: "string", default: "512" },
  },
});
const WARMUP_MS = 5_000;

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

const dir = mkdtempSync(join(tmpdir(), "canswarm-lifecycle-"));
const folder = openFolder(join(dir, "data"), {
  name: "bench",
  parameters: parametersOf("local"),
  nowMs: Date.now(),
});
const sqlite = await openSqlite(folder.dir);
const store = connect(sqlite.port());
const clock = systemClock();
const placement = Array.from({ length: BUCKETS + 1 }, () => 0);

const runner: HostRunner<Port> = {
  channel,
  start: ({ index, dead }) => {
    const shell = new HostShell<Port>({
      index,
      app: createApplication(folder.genesisBytes),
      query,
      store,
      clock,
      soon: (task) => setImmediate(task),
      dead,
      inHand: () => {},
      event: () => {},
      beforeTurn: () => {},
    });
    // The control plane answers later than it is asked, as from another thread.
    const control = Object.fromEntries(
      Object.entries(shell.control).map(([name, ask]) => [
        name,
        async (...given: never[]) => (ask as (...args: never[]) => unknown)(...given),
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
};

const settings = await loadSettings(undefined);
const hosts = new HostSet<Port>({
  hosts: 1,
  placement,
  runner,
  tree: {
    ...settings.tree,
    children: settings.tree.children.map((child) => ({ ...child, threads: 1 })),
  },
  facts: { master: folder.keys.seed("operator"), fields: epochFields(folder) },
  lead: async (buckets, tell) => tell(buckets, await store.lead(buckets)),
  clock,
  onNews: () => {},
  onHalt: (reason) => process.stderr.write(`${reason}\n`),
});
await hosts.ready();

let connections = 0;
const swarm: RunningSwarm & { readonly placement: readonly number[] } = {
  folder,
  clock,
  store,
  agents: undefined,
  placement,
  openOperator: () => OwnOperator.open(swarm, swarm.link(), folder.operator),
  link: () => {
    const link = new PortLink({ placement });
    connections += 1;
    hosts.add({ id: connections, connect: (index, port) => link.connect(index, port) });
    return link;
  },
  query: async <T>(_bucket: number, name: string, argument?: unknown) =>
    (await hosts.control(0)?.query(name, argument)) as T | undefined,
  queryAll: async (name) => [await hosts.control(0)?.query(name, undefined)],
  counts: () => hosts.stats(),
  system: (name, argument) => swarm.query(SYSTEM_BUCKET, name, argument),
  drain: () => hosts.drain(),
  close: async () => {},
};

const load = new Load();
await load.open(await enrolLoad(swarm, swarm.placement), sqlite.port());
hosts.add({ id: connections + 1, connect: (index, port) => load.connect(index, port) });
const open = Number(values.open);
await load.run({ open, ms: WARMUP_MS });
const before = process.threadCpuUsage();
const beforeAll = process.cpuUsage();
const { finalized, durationMs } = await load.run({ open, ms: Number(values.seconds) * 1000 });
const own = process.threadCpuUsage(before);
const all = process.cpuUsage(beforeAll);
const each = ({ user, system }: NodeJS.CpuUsage): number => Math.round((user + system) / finalized);
console.log(`lifecycles  ${Math.round((finalized * 1000) / durationMs)}/s`);
console.log(`CPU         ${each(own)} µs each on this thread, ${each(all)} on all`);
load.close();
await hosts.stop();
await sqlite.close();
rmSync(dir, { recursive: true, force: true });
process.exit(0);
