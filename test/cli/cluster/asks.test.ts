import { expect, it } from "vitest";
import { systemClock } from "#adapters/system/clock.ts";
import { Asks, REPLY_PART_BYTES, REPLY_PARTS_MAX, type Said } from "#cli/cluster/asks.ts";
import { PlainBus } from "../../support/plain-bus.ts";

const INBOX = "inbox.ann";

/** What comes to the one who asked, as `carried` has it. */
class Carrier extends PlainBus {
  readonly replies: Uint8Array[] = [];

  override publish(subject: string, bytes: Uint8Array): void {
    if (subject === INBOX) this.replies.push(bytes);
    else super.publish(subject, bytes);
  }

  carry(replies: readonly Uint8Array[]): void {
    for (const reply of replies) super.publish(INBOX, reply);
  }
}

/** Ann asks Bob, who says this; his replies, once he has made them all, go through `carried`. */
const asked = async (value: unknown, carried = (replies: Uint8Array[]) => replies) => {
  const bus = new Carrier();
  let wake = (): void => {};
  const clock = {
    ...systemClock(),
    after: (_ms: number, task: () => void) => {
      wake = task;
      return () => {};
    },
  };
  const answer = async (): Promise<Said> => ({ kind: "ok", value });
  const [ann, bob] = ["ann", "bob"].map((name) => new Asks({ bus, clock, name, answer }));
  const said = ann!.ask("bob", { what: "hosts", name: "all" }, 1_000);
  await new Promise((resolve) => setImmediate(resolve));
  bus.carry(carried(bus.replies));
  wake();
  for (const one of [ann, bob]) one!.close();
  expect(bus.dropped).toBe(0);
  return { said: await said, messages: bus.replies.length };
};

const long = { rows: "x".repeat(REPLY_PART_BYTES * 3), last: 1 };

it.each([
  ["short", { rows: "x" }, 1],
  ["longer than one message", long, 4],
])("an answer that is %s comes whole", async (_, value, messages) => {
  expect(await asked(value)).toEqual({ said: { kind: "ok", value }, messages });
});

it.each([
  ["the last first", (replies: Uint8Array[]) => replies.toReversed()],
  ["each twice", (replies: Uint8Array[]) => replies.flatMap((one) => [one, one])],
  ["some after it was whole", (replies: Uint8Array[]) => [...replies, ...replies]],
])("its parts may come in any order and again: %s", async (_, carried) => {
  expect((await asked(long, carried)).said).toEqual({ kind: "ok", value: long });
});

it.each([0, 1, 3])("without part %i there is no answer in time", async (lost) => {
  const { said } = await asked(long, (replies) => replies.filter((_, at) => at !== lost));
  expect(said).toBeUndefined();
});

it("an answer that is too long for all parts is told as such", async () => {
  const { said } = await asked(new Uint8Array(REPLY_PART_BYTES * REPLY_PARTS_MAX));
  expect(said).toMatchObject({ kind: "failed" });
});
