/** Restate, one server as it comes: a handler of three steps, each kept in the journal, over HTTP. */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { startServer } from "../support/processes.ts";
import { freePort } from "../../test/support/free-port.ts";
import { packageFile, versionOf } from "./install.ts";
import { NOTHING, type Ends, type Peer, type Task } from "./peer.ts";

const STEPS = 3;

interface Asked {
  readonly port: number;
  readonly path: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const post = (agent: Agent, { port, path, body, headers }: Asked): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path,
        agent,
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => (text += part));
        answer.on("end", () => {
          if ((answer.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`restate answers ${answer.statusCode}: ${text}`));
        });
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });

const startRestate = async (ends: Ends) => {
  const server = `@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`;
  const command = await packageFile("restate", server);
  const dir = mkdtempSync(join(tmpdir(), "canswarm-restate-"));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const [node, ingress, admin] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...process.env,
    RESTATE_BIND_IP: "127.0.0.1",
    RESTATE_BIND_PORT: String(node),
    RESTATE_ADVERTISED_HOST: "127.0.0.1",
    RESTATE_LISTEN_MODE: "tcp",
    RESTATE_DISABLE_TELEMETRY: "true",
    RESTATE_LOG_FILTER: "warn",
    RESTATE_INGRESS__BIND_PORT: String(ingress),
    RESTATE_ADMIN__BIND_PORT: String(admin),
  };
  const ports = [ingress, admin];
  const args = ["--base-dir", dir];
  ends.use(await startServer({ command, args, cwd: dir, env, ports }));
  return { ingress, admin };
};

const open = async (ends: Ends): Promise<Task> => {
  const { ingress, admin } = await startRestate(ends);
  const service = new Worker(new URL("restate-service.ts", import.meta.url));
  ends.defer(async () => void (await service.terminate()));
  const [{ port }] = (await once(service, "message")) as [AddressInfo];
  const agent = new Agent({ keepAlive: true });
  ends.defer(() => agent.destroy());
  const deployment = { uri: `http://127.0.0.1:${port}` };
  await post(agent, { port: admin, path: "/deployments", body: deployment });
  return async (serial) => {
    const headers = { "idempotency-key": `t${serial}` };
    const value = await post(agent, { port: ingress, path: "/three/run", body: 1, headers });
    if (Number(value) !== 1 + STEPS) throw new Error(`invocation t${serial} gave ${value}`);
  };
};

export const RESTATE: Peer = {
  kind: "task",
  name: "restate",
  what: `Restate ${versionOf("restate")}, one server, log on disk with fsync`,
  guarantees: {
    durable: "fsynced after each step",
    signed: NOTHING,
    verified: NOTHING,
    exactlyOnce: "an invocation once by its key; a step whose end was not kept runs again",
  },
  open,
};
