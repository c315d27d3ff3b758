/**
 * An agent's link over the bus. Nothing is kept on the way: an agent says now and then that it is there
 * and is told again what it is still asked; what it said is said again until it has a receipt.
 */

import { decode } from "#envelope/canonical.ts";
import { bucketOfThread } from "#envelope/route.ts";
import { agentSubject, bucketSubject, PRESENCE, type Bus } from "#ports/bus.ts";
import type { Clock } from "#ports/clock.ts";
import type { LinkEvents, SwarmLink } from "#ports/swarm-link.ts";
import { decodeMessage, encodeMessage, type ToAgent } from "./messages.ts";

/** An agent shows that it is there this often, ms. */
export const ATTACH_MS = 3_000;

export interface BusLinkOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** A notice out of its bytes; the runtime knows none of its fields. */
  readonly decodeNotice: (bytes: Uint8Array) => Parameters<LinkEvents["notice"]>[0];
}

export class BusLink implements SwarmLink {
  readonly #o: BusLinkOptions;
  readonly #agents = new Map<string, () => void>();

  constructor(options: BusLinkOptions) {
    this.#o = options;
  }

  attach(agent: string, events: LinkEvents): void {
    this.detach(agent);
    const { bus, clock } = this.#o;
    const stop = bus.subscribe(agentSubject(agent), (bytes) => this.#hear(bytes, events));
    let cancel = (): void => {};
    const show = (): void => {
      bus.publish(PRESENCE, encodeMessage({ type: "attach", agents: [agent] }));
      cancel = clock.after(ATTACH_MS, show);
    };
    show();
    this.#agents.set(agent, () => {
      stop();
      cancel();
    });
  }

  detach(agent: string): void {
    this.#agents.get(agent)?.();
    this.#agents.delete(agent);
  }

  send(thread: string, wire: Uint8Array): void {
    const bucket = bucketOfThread(thread);
    if (bucket === undefined) return;
    const message = encodeMessage({ type: "envelopes", wires: [wire] });
    this.#o.bus.publish(bucketSubject(bucket), message);
  }

  #hear(bytes: Uint8Array, events: LinkEvents): void {
    const message = decodeMessage<ToAgent>(bytes);
    if (message.type === "notice") events.notice(this.#o.decodeNotice(message.bytes));
    else events.receipt(decode(message.bytes) as Parameters<LinkEvents["receipt"]>[0]);
  }
}
