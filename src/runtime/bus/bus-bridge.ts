/**
 * Between the hosts of one supervisor and the bus: what is for buckets that others lead goes out, what
 * is for buckets led here comes in. Hosts reach it as they reach each other, by a channel.
 *
 * B1  Only what a host has let out comes here, so only what is committed (host/host.ts H1).
 * B2  What came over the bus and finds no leader here is dropped, never sent on: asks are repeated by
 *     those who ask, envelopes by those who said them.
 */

import { agentSubject, ALL_SUPERVISORS, bucketSubject, type Bus } from "#ports/bus.ts";
import type { Port } from "../threads/protocol.ts";
import type { FromBus, ToBus } from "../threads/protocol.ts";
import { decodeMessage, encodeMessage, type ToAll, type ToBucket } from "./messages.ts";

export interface BusBridgeOptions {
  readonly bus: Bus;
  readonly hostOf: (bucket: number) => number;
}

export class BusBridge {
  readonly #o: BusBridgeOptions;
  readonly #hosts = new Map<number, Port>();
  readonly #led = new Map<number, () => void>();
  readonly #unsubscribe: () => void;

  constructor(options: BusBridgeOptions) {
    this.#o = options;
    this.#unsubscribe = options.bus.subscribe(ALL_SUPERVISORS, (bytes) =>
      this.#tellAll(decodeMessage<ToAll>(bytes)),
    );
  }

  /** A host is there, for the first time or again. */
  connect(index: number, port: Port): void {
    this.#hosts.get(index)?.close();
    this.#hosts.set(index, port);
    port.on("message", (message) => this.#out(message as ToBus));
  }

  /** From now on what is said to the bucket comes here. */
  leads(bucket: number): void {
    if (this.#led.has(bucket)) return;
    const hear = (bytes: Uint8Array): void => {
      const message = decodeMessage<ToBucket>(bytes);
      this.#hosts.get(this.#o.hostOf(bucket))?.postMessage(message satisfies FromBus);
    };
    this.#led.set(bucket, this.#o.bus.subscribe(bucketSubject(bucket), hear));
  }

  letGo(bucket: number): void {
    this.#led.get(bucket)?.();
    this.#led.delete(bucket);
  }

  close(): void {
    this.#unsubscribe();
    for (const stop of this.#led.values()) stop();
    this.#led.clear();
  }

  #tellAll(message: ToAll): void {
    for (const host of this.#hosts.values()) host.postMessage(message satisfies FromBus);
  }

  #out(message: ToBus): void {
    const { bus } = this.#o;
    switch (message.type) {
      case "messages":
        for (const item of message.items)
          bus.publish(bucketSubject(item.to), encodeMessage({ type: "messages", items: [item] }));
        break;
      case "envelope":
        bus.publish(
          bucketSubject(message.bucket),
          encodeMessage({ type: "envelopes", wires: [message.wire] }),
        );
        break;
      case "receipts":
        for (const { to, signed } of message.items)
          bus.publish(agentSubject(to), encodeMessage({ type: "receipt", bytes: signed.bytes }));
        break;
      case "notices":
        for (const { to, bytes } of message.items)
          bus.publish(agentSubject(to), encodeMessage({ type: "notice", bytes }));
        break;
      case "document":
        bus.publish(ALL_SUPERVISORS, encodeMessage(message));
        break;
      default:
        message satisfies never;
    }
  }
}
