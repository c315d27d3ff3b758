/**
 * Agents' link over the bus. Nothing is kept on the way: an agent says now and then that it is there
 * and is told again what it is still asked; what it said is said again until it has a receipt.
 *
 * L1  A transport error is believed of the very bytes that went out here. It is not signed, and supervisors
 *     answer whoever sends bytes in an agent's name: a stranger that has an envelope of the agent's could
 *     send it with another signature, and have its refusal told to the agent.
 */

import { decode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { bucketOfThread } from "#envelope/route.ts";
import { agentSubject, bucketSubject, PRESENCE, type Bus } from "#ports/bus.ts";
import { decodeToAgent, encodeToSwarm, type RejectedWire } from "#ports/bus-messages.ts";
import type { Clock } from "#ports/clock.ts";
import type { LinkEvents, SwarmLink } from "#ports/swarm-link.ts";
import { decodeNotice } from "#protocol/notice-wire.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { Recent } from "../recent.ts";

/** An agent shows that it is there this often, ms. */
export const ATTACH_MS = 3_000;
/** Bytes sent of which the CID is remembered: more than wait for an answer at a time. */
export const SENT_REMEMBERED_MAX = 16_384;

export interface BusLinkOptions {
  readonly bus: Bus;
  readonly clock: Clock;
}

interface Attached {
  readonly events: LinkEvents;
  readonly show: () => void;
  readonly leave: () => void;
}

export class BusLink implements SwarmLink {
  readonly #o: BusLinkOptions;
  readonly #agents = new Map<string, Attached>();
  readonly #sent = new Recent<true>(SENT_REMEMBERED_MAX);

  constructor(options: BusLinkOptions) {
    this.#o = options;
  }

  attach(agent: string, events: LinkEvents): void {
    this.detach(agent);
    const { bus, clock } = this.#o;
    const stop = bus.subscribe(agentSubject(agent), (bytes) => this.#hear(bytes, events));
    let cancel = (): void => {};
    const show = (): void => {
      cancel();
      bus.publish(PRESENCE, encodeToSwarm({ type: "attach", agents: [agent] }));
      cancel = clock.after(ATTACH_MS, show);
    };
    show();
    const leave = (): void => {
      stop();
      cancel();
    };
    this.#agents.set(agent, { events, show, leave });
  }

  detach(agent: string): void {
    this.#agents.get(agent)?.leave();
    this.#agents.delete(agent);
  }

  send(thread: string, wire: Uint8Array): void {
    const bucket = bucketOfThread(thread);
    if (bucket === undefined) return;
    this.#sent.set(cidOf(wire), true);
    const message = encodeToSwarm({ type: "envelopes", wires: [wire] });
    this.#o.bus.publish(bucketSubject(bucket), message);
  }

  /** The bus stands again after a cut: nobody waits until it is time to try again. */
  resumed(): void {
    for (const { events, show } of this.#agents.values()) {
      show();
      events.resumed();
    }
  }

  #hear(bytes: Uint8Array, events: LinkEvents): void {
    const message = decodeToAgent(bytes);
    switch (message.type) {
      case "notices":
        for (const notice of message.items) events.notice(decodeNotice(notice));
        break;
      case "receipts":
        for (const receipt of message.items) events.receipt(decode(receipt.bytes) as Receipt);
        break;
      case "rejected":
        for (const item of message.items) this.#rejected(decode(item) as RejectedWire, events);
        break;
      default:
        message satisfies never;
    }
  }

  /** L1. */
  #rejected({ wire, envelope, code, detail }: RejectedWire, events: LinkEvents): void {
    if (this.#sent.has(wire)) events.rejected?.(envelope, code as RefusalCode, detail);
  }
}
