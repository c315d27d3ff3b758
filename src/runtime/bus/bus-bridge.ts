/**
 * Between the hosts of one supervisor and the bus: what is for buckets that others lead goes out, what
 * is for buckets led here comes in. Hosts reach it as they reach each other, by a channel.
 *
 * B1  Only what a host has let out comes here, so only what is committed (host/host.ts H1).
 * B2  What came over the bus and finds no leader here is dropped, never sent on: asks are repeated by
 *     those who ask, envelopes by those who said them.
 * B3  What is not signed is believed only on subjects that supervisors alone may publish to: each subject
 *     has its kind of message, and every other kind on it is dropped.
 * B4  Who joins asks for the newest document, and is told it by whose host has published it, with its age:
 *     the next one may come late, and no need is taken before one is there.
 * B5  Whatever comes over the bus is read by its shape before a host sees it: nothing that a stranger says,
 *     or puts on a subject of supervisors, can break a thread.
 */

import { ALL_SUPERVISORS, bucketSubject, peerSubject, PRESENCE, type Bus } from "#ports/bus.ts";
import { readAttach, readEnvelopes } from "#ports/bus-messages.ts";
import { ATTACHED, ENVELOPE, PEER_MESSAGES } from "../threads/frames.ts";
import { HeardFrames } from "../threads/heard-frames.ts";
import type { FromBus, Port, ToBus } from "../threads/protocol.ts";
import { LastPublished } from "./last-published.ts";
import { decodeMessage, encodeMessage, readPublished, type AskPublished } from "./messages.ts";
import { outwardIn } from "./outward.ts";

export interface BusBridgeOptions {
  readonly bus: Bus;
  readonly hostOf: (bucket: number) => number;
  readonly nowMs: () => number;
}

export class BusBridge {
  readonly #o: BusBridgeOptions;
  readonly #hosts = new Map<number, Port>();
  /** A host that is not there is told nothing (B2). */
  readonly #heard = new HeardFrames((host, frame) =>
    this.#hosts.get(host)?.postMessage({ type: "heard", frame } satisfies FromBus, [frame]),
  );
  readonly #led = new Map<number, () => void>();
  readonly #stops: readonly (() => void)[];
  readonly #newest: LastPublished;
  /** The newest of what hosts here have published. */
  readonly #own: LastPublished;

  constructor(options: BusBridgeOptions) {
    this.#o = options;
    this.#newest = new LastPublished(options.nowMs);
    this.#own = new LastPublished(options.nowMs);
    this.#stops = [
      options.bus.subscribe(ALL_SUPERVISORS, (bytes) => this.#fromAll(bytes)),
      options.bus.subscribe(PRESENCE, (bytes) => {
        if (readAttach(bytes) === undefined) return;
        for (const host of this.#hosts.keys()) this.#heard.push(host, ATTACHED, bytes);
      }),
    ];
    options.bus.publish(ALL_SUPERVISORS, encodeMessage({ type: "ask-document" }));
  }

  /** A host is there, for the first time or again. */
  connect(index: number, port: Port): void {
    this.#hosts.get(index)?.close();
    this.#hosts.set(index, port);
    port.on("message", (message) => this.#out(message as ToBus));
    const { again } = this.#newest;
    if (again !== undefined) port.postMessage(again);
  }

  /** From now on what is said to the bucket comes here. */
  leads(bucket: number): void {
    if (this.#led.has(bucket)) return;
    const { bus, hostOf } = this.#o;
    const stops = [
      bus.subscribe(bucketSubject(bucket), (bytes) => {
        for (const wire of readEnvelopes(bytes)?.wires ?? [])
          this.#heard.push(hostOf(bucket), ENVELOPE, wire);
      }),
      bus.subscribe(peerSubject(bucket), (bytes) =>
        this.#heard.push(hostOf(bucket), PEER_MESSAGES, bytes),
      ),
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

  #fromAll(bytes: Uint8Array): void {
    const published = readPublished(bytes);
    if (published !== undefined) {
      this.#newest.told(published);
      for (const host of this.#hosts.values()) host.postMessage(published);
    } else if (decodeMessage<AskPublished>(bytes, "ask-document") !== undefined) {
      const { again } = this.#own;
      if (again !== undefined) this.#o.bus.publish(ALL_SUPERVISORS, encodeMessage(again));
    }
  }

  #out(message: ToBus): void {
    const { bus } = this.#o;
    switch (message.type) {
      case "out":
        for (const { subject, bytes } of outwardIn(message.frame)) bus.publish(subject, bytes);
        break;
      case "document":
        this.#own.told(message);
        this.#newest.told(message);
        bus.publish(ALL_SUPERVISORS, encodeMessage(message));
        break;
      default:
        message satisfies never;
    }
  }
}
