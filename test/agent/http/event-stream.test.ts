import fc from "fast-check";
import { expect, it } from "vitest";
import { eventsOf, type ServerEvent } from "#agent/http/event-stream.ts";

const read = async (chunks: readonly Uint8Array[]): Promise<ServerEvent[]> => {
  const events: ServerEvent[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  for await (const event of eventsOf(stream, () => undefined)) events.push(event);
  return events;
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it("gives the same events however the bytes are cut, with any line end", async () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n]/g, ""));
  const event = fc.record({
    event: line.filter((text) => text !== ""),
    data: fc.array(line, { minLength: 1, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 6 }),
      fc.constantFrom("\n", "\r\n"),
      fc.array(fc.nat(400), { maxLength: 12 }),
      async (events, end, cuts) => {
        const text = events
          .map((one) =>
            [`event: ${one.event}`, ...one.data.map((part) => `data: ${part}`), "", ""].join(end),
          )
          .join("");
        const whole = bytes(`:${end}${end}${text}`);
        const at = [
          ...new Set([0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length]),
        ].sort((a, b) => a - b);
        const chunks = at.slice(1).map((to, n) => whole.subarray(at[n], to));
        expect(await read(chunks)).toEqual(
          events.map((one) => ({ event: one.event, data: one.data.join("\n"), id: undefined })),
        );
      },
    ),
  );
});

it("keeps the last id, ignores comments, and drops what the stream's end cut off", async () => {
  const events = await read([
    bytes("id: 4\nevent: A\ndata: x\n\n:\n\ndata: y\n\nevent: B\ndata: lost"),
  ]);
  expect(events).toEqual([
    { event: "A", data: "x", id: "4" },
    { event: "message", data: "y", id: "4" },
  ]);
});

it("throws where an event never ends", async () => {
  const chunk = bytes(`data: ${"x".repeat(1_000_000)}\n`);
  await expect(read([chunk, chunk, chunk, chunk, chunk])).rejects.toThrow("larger than any");
});
