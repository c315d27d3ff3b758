/** A connection to the hosts of this process, one message port for each: the in-process bus. */

import { decode } from "#envelope/canonical.ts";
import { bucketOfThread } from "#envelope/route.ts";
import type { LinkEvents, SwarmLink } from "#ports/swarm-link.ts";
import { ENVELOPE, FrameWriter } from "./frames.ts";
import type { FromHost, Port, ToHost } from "./protocol.ts";
import { receiptsIn } from "./receipt-batch.ts";

type Code = Parameters<NonNullable<LinkEvents["rejected"]>>[1];

/** Envelopes that wait for a host which is not there yet; their senders send again what is dropped. */
export const QUEUED_ENVELOPES_MAX = 8_192;

export interface PortLinkOptions {
  /** Host index of each bucket. */
  readonly placement: readonly number[];
  readonly rejected?: (envelope: string, code: string, detail: string) => void;
}

export class PortLink implements SwarmLink {
  readonly #options: PortLinkOptions;
  readonly #ports = new Map<number, Port>();
  readonly #agents = new Map<string, LinkEvents>();
  readonly #queues = new Map<number, Uint8Array[]>();
  #flushing = false;

  constructor(options: PortLinkOptions) {
    this.#options = options;
  }

  /** A host is there, for the first time or again after its thread died. */
  connect(index: number, port: Port): void {
    const again = this.#ports.has(index);
    this.#ports.get(index)?.close();
    this.#ports.set(index, port);
    port.on("message", (message) => this.#hear(message as FromHost));
    if (this.#agents.size > 0)
      this.#post(index, { type: "attach", agents: [...this.#agents.keys()] });
    this.#flush();
    if (again) for (const events of this.#agents.values()) events.resumed();
  }

  attach(agent: string, events: LinkEvents): void {
    this.#agents.set(agent, events);
    for (const index of this.#ports.keys()) this.#post(index, { type: "attach", agents: [agent] });
  }

  detach(agent: string): void {
    this.#agents.delete(agent);
    for (const index of this.#ports.keys()) this.#post(index, { type: "detach", agents: [agent] });
  }

  send(thread: string, wire: Uint8Array): void {
    const bucket = bucketOfThread(thread);
    const index = bucket === undefined ? undefined : this.#options.placement[bucket];
    if (index === undefined) {
      this.#options.rejected?.("", "MALFORMED", `${thread} is no thread`);
      return;
    }
    const queue = this.#queues.get(index);
    if (queue === undefined) this.#queues.set(index, [wire]);
    else if (queue.length < QUEUED_ENVELOPES_MAX) queue.push(wire);
    else this.#options.rejected?.("", "MAILBOX_FULL", "the host is not there, and too much waits");
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  close(): void {
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
  }

  #flush(): void {
    this.#flushing = false;
    for (const [index, wires] of this.#queues) {
      if (wires.length === 0 || !this.#ports.has(index)) continue;
      this.#queues.set(index, []);
      const frames = new FrameWriter((frame) =>
        this.#ports.get(index)?.postMessage({ type: "envelopes", frame } satisfies ToHost, [frame]),
      );
      for (const wire of wires) frames.push(ENVELOPE, wire);
      frames.flush();
    }
  }

  #post(index: number, message: ToHost): void {
    this.#ports.get(index)?.postMessage(message);
  }

  #rejected({ envelope, code, detail }: Extract<FromHost, { type: "rejected" }>): void {
    this.#options.rejected?.(envelope, code, detail);
    for (const events of this.#agents.values()) events.rejected?.(envelope, code as Code, detail);
  }

  #hear(message: FromHost): void {
    switch (message.type) {
      case "receipts":
        for (const { to, bytes } of receiptsIn(message.batch))
          this.#agents.get(to)?.receipt(decode(bytes) as Parameters<LinkEvents["receipt"]>[0]);
        break;
      case "notices":
        for (const { to, notice } of message.items)
          this.#agents.get(to)?.notice(notice as Parameters<LinkEvents["notice"]>[0]);
        break;
      case "rejected":
        this.#rejected(message);
        break;
      default:
        message satisfies never;
    }
  }
}
