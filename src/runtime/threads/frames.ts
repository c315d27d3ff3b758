/**
 * Packed frames: many byte messages between threads in one transferred buffer, because a transfer costs
 * more than copying a small message.
 *
 * Layout, numbers big-endian: `u32 count`, then for each message `u8 kind`, `u32 length`, the bytes.
 *
 * F1  A frame is sent at FRAME_MESSAGES_MAX messages, when the next one would pass FRAME_BYTES_MAX, or
 *     at the end of the turn (`flush`). An empty frame is never sent.
 * F2  Messages come out in the order in which they went in, unchanged.
 * F3  `unframe` reads nothing outside the buffer and accepts exactly what `FrameWriter` makes.
 */

/** Messages of one frame. */
export const FRAME_MESSAGES_MAX = 64;
/** Bytes of one frame, one message larger than that excepted, which travels alone. 1 MiB. */
export const FRAME_BYTES_MAX = 1024 * 1024;

/** To a host: the kind of a message that is the wire of an envelope. */
export const ENVELOPE = 0;
/** From the bus to a host: what other buckets' leaders say, and agents that are there (`runtime/bus`). */
export const PEER_MESSAGES = 1;
export const ATTACHED = 2;

const COUNT_BYTES = 4;
const HEADER_BYTES = 5;

export interface FrameMessage {
  /** 0 … 255; its meaning is the two threads' affair. */
  readonly kind: number;
  readonly bytes: Uint8Array;
}

type Parts = readonly Uint8Array[];

export class FrameWriter {
  readonly #send: (frame: ArrayBuffer) => void;
  #messages: { readonly kind: number; readonly size: number; readonly parts: Parts }[] = [];
  #bytes = COUNT_BYTES;

  /** `send` gets a buffer of its own, to be transferred. */
  constructor(send: (frame: ArrayBuffer) => void) {
    this.#send = send;
  }

  /** Messages that wait for the end of the turn. */
  get waiting(): number {
    return this.#messages.length;
  }

  /** A message of these parts, one after the other; they must not change before the frame is sent. */
  push(kind: number, ...parts: Parts): void {
    if (!Number.isInteger(kind) || kind < 0 || kind > 255) throw new Error(`frame kind ${kind}`);
    const size = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (this.#bytes + HEADER_BYTES + size > FRAME_BYTES_MAX) this.flush();
    this.#messages.push({ kind, size, parts });
    this.#bytes += HEADER_BYTES + size;
    if (this.#messages.length >= FRAME_MESSAGES_MAX) this.flush();
  }

  /** The end of the turn. */
  flush(): void {
    if (this.#messages.length === 0) return;
    const messages = this.#messages;
    const frame = new Uint8Array(this.#bytes);
    this.#messages = [];
    this.#bytes = COUNT_BYTES;
    const view = new DataView(frame.buffer);
    view.setUint32(0, messages.length);
    let at = COUNT_BYTES;
    for (const { kind, size, parts } of messages) {
      view.setUint8(at, kind);
      view.setUint32(at + 1, size);
      at += HEADER_BYTES;
      for (const part of parts) {
        frame.set(part, at);
        at += part.byteLength;
      }
    }
    this.#send(frame.buffer);
  }
}

export type Unframed =
  | { readonly kind: "frame"; readonly messages: readonly FrameMessage[] }
  | { readonly kind: "malformed"; readonly reason: string };

const malformed = (reason: string): Unframed => ({ kind: "malformed", reason });

/** The messages as views of the frame's buffer, which lives as long as any of them. */
export const unframe = (frame: ArrayBuffer): Unframed => {
  if (frame.byteLength < COUNT_BYTES) return malformed("shorter than a count");
  const view = new DataView(frame);
  const count = view.getUint32(0);
  if (count === 0 || count > FRAME_MESSAGES_MAX) return malformed(`${count} messages`);
  const messages: FrameMessage[] = [];
  let at = COUNT_BYTES;
  for (let n = 0; n < count; n++) {
    if (at + HEADER_BYTES > frame.byteLength) return malformed(`message ${n} has no header`);
    const kind = view.getUint8(at);
    const length = view.getUint32(at + 1);
    at += HEADER_BYTES;
    if (length > frame.byteLength - at) return malformed(`message ${n} is cut off`);
    messages.push({ kind, bytes: new Uint8Array(frame, at, length) });
    at += length;
  }
  if (at !== frame.byteLength) return malformed("bytes after the last message");
  return { kind: "frame", messages };
};

/** The same of a frame that another thread of this process has made: a malformed one is a bug. */
export const messagesIn = (frame: ArrayBuffer): readonly FrameMessage[] => {
  const unframed = unframe(frame);
  if (unframed.kind === "malformed") throw new Error(`a frame of this process: ${unframed.reason}`);
  return unframed.messages;
};
