/** DBOS over PostgreSQL: a workflow of three steps, each kept as a row. */

import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { outputOf, startServer, until } from "../support/processes.ts";
import { freePort } from "../../test/support/free-port.ts";
import { bringBinary, packageModule, versionOf } from "./install.ts";
import { NOTHING, type Ends, type Peer, type Task } from "./peer.ts";

const STEPS = 3;
const CONNECTIONS_MAX = 100;
/** More than it comes with, so that the pool is not what limits it. */
const POOL_CONNECTIONS = 40;
const COMMAND_MS_MAX = 60_000;

type Workflow = (value: number) => Promise<number>;

/** What of DBOS is used here. */
interface DbosModule {
  readonly DBOS: {
    setConfig(config: {
      name: string;
      systemDatabaseUrl: string;
      logLevel: string;
      systemDatabasePoolSize: number;
    }): void;
    registerWorkflow(body: Workflow, options: { name: string }): Workflow;
    runStep(step: () => Promise<number>, options: { name: string }): Promise<number>;
    startWorkflow(
      workflow: Workflow,
      options: { workflowID: string },
    ): (value: number) => Promise<{ getResult(): Promise<number> }>;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
  };
}

/** PostgreSQL refuses to run as root; then it runs as nobody. */
const whoRuns = async (): Promise<{ readonly uid?: number; readonly gid?: number }> => {
  if (process.getuid?.() !== 0) return {};
  const idOf = async (flag: string): Promise<number> =>
    Number(await outputOf("id", [flag, "nobody"], { timeoutMs: COMMAND_MS_MAX }));
  return { uid: await idOf("-u"), gid: await idOf("-g") };
};

const postgres = async (ends: Ends): Promise<string> => {
  const { path: initdb, env } = await bringBinary("initdb", "postgresql");
  const who = await whoRuns();
  const dir = mkdtempSync(join(tmpdir(), "canswarm-postgres-"));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  if (who.uid !== undefined && who.gid !== undefined) chownSync(dir, who.uid, who.gid);
  const how = { env: { ...env, LC_ALL: "C" }, ...who, cwd: dir };
  const files = join(dir, "files");
  const init = ["-D", files, "-A", "trust", "-U", "postgres", "-E", "UTF8"];
  await outputOf(initdb, init, { ...how, timeoutMs: COMMAND_MS_MAX });
  const port = await freePort();
  const settings = [
    "listen_addresses=127.0.0.1",
    `unix_socket_directories=${dir}`,
    `max_connections=${CONNECTIONS_MAX}`,
  ];
  ends.use(
    await startServer({
      command: join(dirname(initdb), "postgres"),
      args: ["-D", files, "-p", String(port), ...settings.flatMap((one) => ["-c", one])],
      ports: [port],
      signal: "SIGINT",
      ...how,
    }),
  );
  await ready(port);
  return `postgres://postgres@127.0.0.1:${port}/dbos`;
};

/** A PostgreSQL that is starting takes connections and refuses what comes over them. */
const ready = async (port: number): Promise<void> => {
  const { path, env } = await bringBinary("pg_isready", "postgresql-client");
  const args = ["-q", "-h", "127.0.0.1", "-p", String(port)];
  const isReady = (): Promise<boolean> =>
    outputOf(path, args, { env, timeoutMs: COMMAND_MS_MAX }).then(
      () => true,
      () => false,
    );
  await until(isReady, () => "PostgreSQL takes no connections");
};

const open = async (ends: Ends): Promise<Task> => {
  const { DBOS } = await packageModule<DbosModule>("dbos", "@dbos-inc/dbos-sdk");
  const systemDatabaseUrl = await postgres(ends);
  DBOS.setConfig({
    name: "three",
    systemDatabaseUrl,
    logLevel: "error",
    systemDatabasePoolSize: POOL_CONNECTIONS,
  });
  const three = DBOS.registerWorkflow(
    async (given) => {
      let value = given;
      for (let step = 0; step < STEPS; step += 1)
        value = await DBOS.runStep(async () => value + 1, { name: `step ${step}` });
      return value;
    },
    { name: "three" },
  );
  ends.defer(() => DBOS.shutdown());
  await DBOS.launch();
  return async (serial) => {
    const handle = await DBOS.startWorkflow(three, { workflowID: `t${serial}` })(1);
    const value = await handle.getResult();
    if (value !== 1 + STEPS) throw new Error(`workflow t${serial} gave ${value}`);
  };
};

export const DBOS_PEER: Peer = {
  kind: "task",
  name: "dbos",
  what: `DBOS ${versionOf("dbos")} over PostgreSQL, fsync and synchronous_commit on`,
  guarantees: {
    durable: "fsynced after each step",
    signed: NOTHING,
    verified: NOTHING,
    exactlyOnce: "a workflow once by its id; a step whose end was not kept runs again",
  },
  open,
};
