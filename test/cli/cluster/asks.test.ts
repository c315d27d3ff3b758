import { expect, it } from "vitest";
import { Asks, REPLY_PART_BYTES, REPLY_PARTS_MAX, type Said } from "#cli/cluster/asks.ts";
import { MESSAGE_BYTES_MAX, type Bus } from "#ports/bus.ts";
import { systemClock } from "#adapters/system/clock.ts";

/** A bus of one process, that drops what NATS would. */
class PlainBus implements Bus {
  dropped = 0;
  messages = 0;
  readonly #hearers = new Map<string, Set<(bytes: Uint8Array) => void>>();

  publish(subject: string, bytes: Uint8Array): void {
    this.messages += 1;
    if (bytes.length > MESSAGE_BYTES_MAX) this.dropped += 1;
    else for (const hear of this.#hearers.get(subject) ?? []) hear(bytes);
  }

  subscribe(subject: string, hear: (bytes: Uint8Array) => void): () => void {
    const hearers = this.#hearers.get(subject) ?? new Set();
    this.#hearers.set(subject, hearers.add(hear));
    return () => void hearers.delete(hear);
  }

  async close(): Promise<void> {}
}

/** Ann asks Bob, who says this. */
const asked = async (value: unknown) => {
  const bus = new PlainBus();
  const clock = systemClock();
  const answer = async (): Promise<Said> => ({ kind: "ok", value });
  const [ann, bob] = ["ann", "bob"].map((name) => new Asks({ bus, clock, name, answer }));
  const said = await ann!.ask("bob", { what: "hosts", name: "all" }, 1_000);
  for (const one of [ann, bob]) one!.close();
  expect(bus.dropped).toBe(0);
  return { said, messages: bus.messages };
};

it.each([
  ["short", 10, 2],
  ["longer than one message", REPLY_PART_BYTES * 3, 5],
])("an answer that is %s comes whole", async (_, length, messages) => {
  const value = { rows: "x".repeat(length) };
  expect(await asked(value)).toEqual({ said: { kind: "ok", value }, messages });
});

it("an answer that is too long for all parts is told as such", async () => {
  const { said } = await asked(new Uint8Array(REPLY_PART_BYTES * REPLY_PARTS_MAX));
  expect(said).toMatchObject({ kind: "failed" });
});
