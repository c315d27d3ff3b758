/**
 * The supervisor process behind `canswarm up`: a swarm in this process, the operator's own agents, the
 * HTTP gateway before it. It opens in that order and is drained in the reverse one.
 */

import { GatewayServer } from "#gateway/server.ts";
import { LOCAL_ACCOUNT } from "#gateway/tokens.ts";
import { CliError } from "../errors.ts";
import { RECONCILE_MS } from "../reconcile/embedded.ts";
import type { AgentSpec } from "../input/agents.ts";
import { enrol, hiredOf, memberOf } from "../swarm/accounts.ts";
import { openControl, type Control } from "../swarm/control-server.ts";
import { openSwarm, type OpenOptions } from "../swarm/open.ts";
import type { Operator } from "../swarm/operator.ts";
import type { RunningSwarm } from "../swarm/running-swarm.ts";
import { registryReady } from "../swarm/voice.ts";
import { OwnSwarm } from "./gateway-swarm.ts";

export interface SupervisorOptions extends Omit<OpenOptions, "hired"> {
  readonly agents: readonly AgentSpec[];
  /** In which the agents' programs run. */
  readonly programs: string;
  readonly host: string;
  readonly port: number;
  readonly warn: (text: string) => void;
}

export class Supervisor {
  readonly swarm: RunningSwarm;
  readonly #operator: Operator;
  readonly #server: GatewayServer;
  readonly #control: Control;
  readonly #host: string;

  private constructor(
    swarm: RunningSwarm,
    operator: Operator,
    server: GatewayServer,
    control: Control,
    host: string,
  ) {
    [this.swarm, this.#operator, this.#server] = [swarm, operator, server];
    [this.#control, this.#host] = [control, host];
  }

  /** Refuses with DATA_IN_USE, PORT_IN_USE. */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const { folder, agents, programs, host, port, warn } = options;
    const hired = hiredOf(folder, agents, programs);
    const swarm = await openSwarm({ ...options, hired, reconcileMs: RECONCILE_MS });
    try {
      const link = swarm.link();
      const operator = await swarm.openOperator();
      const members = await Promise.all(agents.map((spec) => memberOf(swarm, operator, spec)));
      await enrol(swarm, link, operator, members);
      for (const { name, why } of swarm.agents?.unstarted ?? [])
        warn(`agent ${name} did not start: ${why}`);
      const own = new OwnSwarm(swarm, operator, link);
      await own.openAccount(LOCAL_ACCOUNT, 0n);
      await registryReady(swarm);
      const server = await listen({
        swarm: own,
        dir: folder.dir,
        host,
        port,
        hired: members.map(({ signer }) => signer.did),
        onError: (error, path) =>
          warn(`${path} failed: ${error instanceof Error ? error.stack : String(error)}`),
      });
      const control = await openControl({ swarm, operator });
      if (control.path === undefined) warn(`${folder.dir} is too long a path for a control socket`);
      return new Supervisor(swarm, operator, server, control, host);
    } catch (error) {
      await swarm.close(false);
      throw error;
    }
  }

  get url(): string {
    const host = this.#host.includes(":") ? `[${this.#host}]` : this.#host;
    return `http://${host}:${this.#server.port}`;
  }

  /** What was begun is answered and committed; what is open goes on when the folder is opened again. */
  async drain(): Promise<void> {
    await this.#control.close();
    await this.#server.drain();
    this.#operator.close();
    await this.swarm.close(true);
  }
}

const listen = async (
  options: Parameters<typeof GatewayServer.listen>[0],
): Promise<GatewayServer> => {
  try {
    return await GatewayServer.listen(options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const { host, port } = options;
    if (code === "EADDRINUSE") throw new CliError("PORT_IN_USE", { port }, { cause: error });
    if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new CliError("ADDRESS_UNUSABLE", { address: `${host}:${port}`, reason: code });
    throw error;
  }
};
