/** What comes to hosts from elsewhere in one go, in one frame for each host, at the end of the turn. */

import { FrameWriter } from "./frames.ts";

export class HeardFrames {
  readonly #send: (host: number, frame: ArrayBuffer) => void;
  readonly #writers = new Map<number, FrameWriter>();
  #flushing = false;

  /** `send` gets a buffer to be transferred. */
  constructor(send: (host: number, frame: ArrayBuffer) => void) {
    this.#send = send;
  }

  /** `bytes` must not change before the turn ends. */
  push(host: number, kind: number, bytes: Uint8Array): void {
    this.#writerOf(host).push(kind, bytes);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      for (const writer of this.#writers.values()) writer.flush();
    });
  }

  #writerOf(host: number): FrameWriter {
    const known = this.#writers.get(host);
    if (known !== undefined) return known;
    const writer = new FrameWriter((frame) => this.#send(host, frame));
    this.#writers.set(host, writer);
    return writer;
  }
}
