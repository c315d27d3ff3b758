/**
 * The simulated bus: subjects over the simulated network. What is published reaches those who subscribe
 * at that moment, or is lost, doubled and late as the weather is.
 */

import type { Bus } from "#ports/bus.ts";
import type { Machine } from "./machine.ts";
import type { SimNetwork } from "./network.ts";

interface Datagram {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** Whoever sees what is published: a recorder, never a machine of the world. */
export type BusWatcher = (from: string, subject: string, bytes: Uint8Array) => void;

export class SimBus {
  readonly #network: SimNetwork;
  readonly #watcher: BusWatcher;
  /** By subject, the machines that have subscribed, in the order in which they did. */
  readonly #subjects = new Map<string, Set<string>>();
  /** By machine: what it hears of each subject. */
  readonly #listeners = new Map<string, Map<string, Set<(bytes: Uint8Array) => void>>>();

  constructor(network: SimNetwork, watcher: BusWatcher) {
    this.#network = network;
    this.#watcher = watcher;
  }

  /** A connection of this life of the machine; an earlier one of it is gone. */
  connect(machine: Machine): Bus {
    const own = new Map<string, Set<(bytes: Uint8Array) => void>>();
    this.#forget(machine.name);
    this.#listeners.set(machine.name, own);
    this.#network.listen(machine, (_from, message) => {
      const { subject, bytes } = message as Datagram;
      for (const hear of own.get(subject) ?? []) hear(bytes);
    });
    return {
      dropped: 0,
      publish: (subject, bytes) => {
        this.#watcher(machine.name, subject, bytes);
        const message: Datagram = { subject, bytes };
        for (const to of this.#subjects.get(subject) ?? [])
          this.#network.send(machine.name, to, message);
      },
      subscribe: (subject, hear) => {
        const hearers = own.get(subject) ?? new Set();
        own.set(subject, hearers.add(hear));
        const machines = this.#subjects.get(subject) ?? new Set();
        this.#subjects.set(subject, machines.add(machine.name));
        return () => {
          hearers.delete(hear);
          if (hearers.size === 0 && this.#listeners.get(machine.name) === own)
            machines.delete(machine.name);
        };
      },
      close: async () => {
        if (this.#listeners.get(machine.name) === own) this.#forget(machine.name);
      },
    };
  }

  #forget(machine: string): void {
    for (const machines of this.#subjects.values()) machines.delete(machine);
    this.#listeners.delete(machine);
  }
}
