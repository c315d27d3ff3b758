/**
 * Between the hosts of one supervisor and the bus: what is for buckets that others lead goes out, what
 * is for buckets led here comes in. Hosts reach it as they reach each other, by a channel.
 *
 * B1  Only what a host has let out comes here, so only what is committed (host/host.ts H1).
 * B2  What came over the bus and finds no leader here is dropped, never sent on: asks are repeated by
 *     those who ask, envelopes by those who said them.
 * B3  What is not signed is believed only on subjects that supervisors alone may publish to: each subject
 *     has its kind of message, and every other kind on it is dropped.
 * B4  Whatever an agent's machine may publish to is read by its shape before a host sees it: nothing that
 *     a stranger says can break a thread.
 */

import {
  agentSubject,
  ALL_SUPERVISORS,
  bucketSubject,
  peerSubject,
  PRESENCE,
  type Bus,
} from "#ports/bus.ts";
import { readAttach, readEnvelopes } from "#ports/bus-messages.ts";
import type { FromBus, Port, ToBus } from "../threads/protocol.ts";
import { provenReceipts } from "../threads/receipt-batch.ts";
import { decodeMessage, encodeMessage, type PeerMessages, type Published } from "./messages.ts";

export interface BusBridgeOptions {
  readonly bus: Bus;
  readonly hostOf: (bucket: number) => number;
}

/** Undefined: nothing for this subject. */
type Reading = (bytes: Uint8Array) => FromBus | undefined;

const readPublished: Reading = (bytes) => decodeMessage<Published>(bytes, "document");
const readPeerMessages: Reading = (bytes) => decodeMessage<PeerMessages>(bytes, "messages");

export class BusBridge {
  readonly #o: BusBridgeOptions;
  readonly #hosts = new Map<number, Port>();
  readonly #led = new Map<number, () => void>();
  readonly #stops: readonly (() => void)[];

  constructor(options: BusBridgeOptions) {
    this.#o = options;
    const hear = (subject: string, read: Reading): (() => void) =>
      options.bus.subscribe(subject, (bytes) => {
        const message = read(bytes);
        if (message !== undefined) this.#tellAll(message);
      });
    this.#stops = [hear(ALL_SUPERVISORS, readPublished), hear(PRESENCE, readAttach)];
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
    const hear = (subject: string, read: Reading): (() => void) =>
      this.#o.bus.subscribe(subject, (bytes) => {
        const message = read(bytes);
        if (message === undefined) return;
        this.#hosts.get(this.#o.hostOf(bucket))?.postMessage(message);
      });
    const stops = [
      hear(bucketSubject(bucket), readEnvelopes),
      hear(peerSubject(bucket), readPeerMessages),
    ];
    this.#led.set(bucket, () => {
      for (const stop of stops) stop();
    });
  }

  letGo(bucket: number): void {
    this.#led.get(bucket)?.();
    this.#led.delete(bucket);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const stop of this.#led.values()) stop();
    this.#led.clear();
  }

  #tellAll(message: FromBus): void {
    for (const host of this.#hosts.values()) host.postMessage(message);
  }

  #out(message: ToBus): void {
    const { bus } = this.#o;
    switch (message.type) {
      case "messages":
        for (const item of message.items)
          bus.publish(peerSubject(item.to), encodeMessage({ type: "messages", items: [item] }));
        break;
      case "envelope":
        bus.publish(
          bucketSubject(message.bucket),
          encodeMessage({ type: "envelopes", wires: [message.wire] }),
        );
        break;
      case "receipts":
        for (const { to, bytes, proof } of provenReceipts(message.batch))
          bus.publish(agentSubject(to), encodeMessage({ type: "receipt", bytes, proof }));
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
