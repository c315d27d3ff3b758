import { expect, it } from "vitest";
import { bucketOf, cidOf } from "#envelope/cid.ts";
import { FRAME_MESSAGES_MAX, unframe } from "#runtime/threads/frames.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import type { Port } from "#runtime/threads/protocol.ts";

const THREAD = cidOf(new Uint8Array([1]));

it("sends what was said in one moment as packed frames that it gives away", async () => {
  const posted: { frame: ArrayBuffer; moved: readonly ArrayBuffer[] | undefined }[] = [];
  const port: Port = {
    postMessage: (message, moved) =>
      void posted.push({ frame: (message as { frame: ArrayBuffer }).frame, moved }),
    on: () => undefined,
    close: () => {},
  };
  const placement: number[] = [];
  placement[bucketOf(THREAD)] = 0;
  const link = new PortLink({ placement });
  link.connect(0, port);
  const wires = Array.from({ length: 2 * FRAME_MESSAGES_MAX + 1 }, (_, i) => Uint8Array.of(i, 7));
  for (const wire of wires) link.send(THREAD, wire);
  expect(posted).toEqual([]);
  await Promise.resolve();
  expect(posted).toHaveLength(3);
  const came = posted.flatMap(({ frame, moved }) => {
    expect(moved).toEqual([frame]);
    const unframed = unframe(frame);
    return unframed.kind === "frame" ? unframed.messages.map(({ bytes }) => bytes) : [];
  });
  expect(came).toEqual(wires);
});
