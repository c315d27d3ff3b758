/**
 * Agents on other machines: a link over datagrams that may get lost, and the gateway that speaks to the
 * hosts for them. Neither keeps anything: an agent attaches again now and then, and is told again what
 * it is still asked; what it said is said again until it has a receipt.
 */

import type { LinkEvents, SwarmLink } from "#ports/swarm-link.ts";
import type { Notice, Receipt } from "#protocol/notices.ts";
import type { Machine } from "./machine.ts";
import type { SimNetwork } from "./network.ts";

/** An agent shows that it is there this often, ms of its own clock. */
export const ATTACH_MS = 3_000;

type ToGateway =
  | { readonly type: "attach"; readonly agent: string }
  | { readonly type: "detach"; readonly agent: string }
  | { readonly type: "envelope"; readonly thread: string; readonly wire: Uint8Array };

type ToAgent =
  | { readonly type: "receipt"; readonly to: string; readonly receipt: Receipt }
  | { readonly type: "notice"; readonly to: string; readonly notice: Notice }
  | { readonly type: "resumed"; readonly to: string };

/** One agent's machine and everybody on it. */
export class RemoteLink implements SwarmLink {
  readonly #machine: Machine;
  readonly #network: SimNetwork;
  readonly #gateway: () => string;
  readonly #agents = new Map<string, LinkEvents>();

  /** `gateway` names the machine that is spoken to. */
  constructor(machine: Machine, network: SimNetwork, gateway: () => string) {
    this.#machine = machine;
    this.#network = network;
    this.#gateway = gateway;
    network.listen(machine, (_from, message) => this.#hear(message as ToAgent));
  }

  attach(agent: string, events: LinkEvents): void {
    this.#agents.set(agent, events);
    const again = (): void => {
      if (this.#agents.get(agent) !== events) return;
      this.#send({ type: "attach", agent });
      this.#machine.after(ATTACH_MS, again);
    };
    again();
  }

  detach(agent: string): void {
    this.#agents.delete(agent);
    this.#send({ type: "detach", agent });
  }

  send(thread: string, wire: Uint8Array): void {
    this.#send({ type: "envelope", thread, wire });
  }

  #send(message: ToGateway): void {
    this.#network.send(this.#machine.name, this.#gateway(), message);
  }

  #hear(message: ToAgent): void {
    const events = this.#agents.get(message.to);
    if (events === undefined) return;
    switch (message.type) {
      case "receipt":
        events.receipt(message.receipt);
        break;
      case "notice":
        events.notice(message.notice);
        break;
      case "resumed":
        events.resumed();
        break;
      default:
        message satisfies never;
    }
  }
}

export interface GatewayEvents {
  readonly receipt: (to: string, receipt: Receipt) => void;
  readonly notice: (to: string, notice: Notice) => void;
}

/** On the supervisor's machine. `hosts` is its link to the hosts of this life. */
export class Gateway {
  readonly #machine: Machine;
  readonly #network: SimNetwork;
  readonly #hosts: SwarmLink;
  readonly #events: GatewayEvents;
  /** Where each agent was heard last. */
  readonly #where = new Map<string, string>();

  constructor(machine: Machine, network: SimNetwork, hosts: SwarmLink, events: GatewayEvents) {
    this.#machine = machine;
    this.#network = network;
    this.#hosts = hosts;
    this.#events = events;
    network.listen(machine, (from, message) => this.#hear(from, message as ToGateway));
  }

  #hear(from: string, message: ToGateway): void {
    switch (message.type) {
      case "attach":
        this.#attach(from, message.agent);
        break;
      case "detach":
        this.#where.delete(message.agent);
        this.#hosts.detach(message.agent);
        break;
      case "envelope":
        this.#hosts.send(message.thread, message.wire);
        break;
      default:
        message satisfies never;
    }
  }

  #attach(from: string, agent: string): void {
    this.#where.set(agent, from);
    this.#hosts.attach(agent, {
      receipt: (receipt) => {
        this.#events.receipt(agent, receipt);
        this.#tell({ type: "receipt", to: agent, receipt });
      },
      notice: (notice) => {
        this.#events.notice(agent, notice);
        this.#tell({ type: "notice", to: agent, notice });
      },
      resumed: () => this.#tell({ type: "resumed", to: agent }),
    });
  }

  #tell(message: ToAgent): void {
    const where = this.#where.get(message.to);
    if (where !== undefined) this.#network.send(this.#machine.name, where, message);
  }
}
