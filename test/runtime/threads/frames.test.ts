import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FRAME_BYTES_MAX,
  FRAME_MESSAGES_MAX,
  FrameWriter,
  unframe,
  type FrameMessage,
} from "#runtime/threads/frames.ts";

const framesOf = (messages: readonly FrameMessage[]): ArrayBuffer[] => {
  const frames: ArrayBuffer[] = [];
  const writer = new FrameWriter((frame) => frames.push(frame));
  for (const { kind, bytes } of messages) writer.push(kind, bytes);
  writer.flush();
  expect(writer.waiting).toBe(0);
  return frames;
};

const messagesOf = (frame: ArrayBuffer): readonly FrameMessage[] => {
  const unframed = unframe(frame);
  if (unframed.kind === "malformed") throw new Error(unframed.reason);
  return unframed.messages;
};

const message = fc.record({ kind: fc.nat(255), bytes: fc.uint8Array({ maxLength: 40 }) });
const ofSize = (size: number): FrameMessage => ({
  kind: 7,
  bytes: new Uint8Array(size).fill(size),
});

describe("frames", () => {
  it("carry every message, in order and unchanged, at most 64 to a frame", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 200, size: "max" }), (messages) => {
        const frames = framesOf(messages);
        expect(frames.flatMap(messagesOf)).toEqual(messages);
        expect(frames).toHaveLength(Math.ceil(messages.length / FRAME_MESSAGES_MAX));
      }),
    );
  });

  it("stay under their size, but for one message larger than a frame, which travels alone", () => {
    const sizes = [500_000, 500_000, 500_000, FRAME_BYTES_MAX + 1, 10, 0];
    const frames = framesOf(sizes.map(ofSize));
    const held = frames.map((frame) => messagesOf(frame).map(({ bytes }) => bytes.byteLength));
    expect(held).toEqual([[500_000, 500_000], [500_000], [FRAME_BYTES_MAX + 1], [10, 0]]);
  });

  it("are not sent empty", () => {
    expect(framesOf([])).toEqual([]);
  });

  it("refuse a kind that is no byte", () => {
    const writer = new FrameWriter(() => {});
    expect(() => writer.push(256, new Uint8Array())).toThrow("frame kind 256");
  });
});

describe("a frame that is not one", () => {
  const whole = new Uint8Array(framesOf([ofSize(3), ofSize(0), ofSize(9)])[0]!);

  it("is told from a whole one wherever it is cut or lengthened", () => {
    for (let end = 0; end < whole.byteLength; end++) {
      expect(unframe(whole.slice(0, end).buffer).kind).toBe("malformed");
    }
    const longer = new Uint8Array(whole.byteLength + 1);
    longer.set(whole);
    expect(unframe(longer.buffer)).toMatchObject({ reason: "bytes after the last message" });
    expect(unframe(whole.slice().buffer).kind).toBe("frame");
  });

  it("never throws, never reads outside, and what it accepts is what a writer makes", () => {
    const flips = fc.array(fc.tuple(fc.nat(whole.byteLength - 1), fc.nat(255)), { maxLength: 4 });
    const flipped = flips.map((list) => {
      const bytes = whole.slice();
      for (const [at, value] of list) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), flipped), (input) => {
        const bytes = input.slice();
        const unframed = unframe(bytes.buffer);
        if (unframed.kind === "malformed") return;
        const again = framesOf(unframed.messages);
        expect(again).toHaveLength(1);
        expect(new Uint8Array(again[0]!)).toEqual(bytes);
      }),
      { numRuns: 1_000 },
    );
  });
});
