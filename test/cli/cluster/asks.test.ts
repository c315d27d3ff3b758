import { serialize } from "node:v8";
import { expect, it } from "vitest";
import { systemClock } from "#adapters/system/clock.ts";
import { REPLY_PART_BYTES, REPLY_PARTS_MAX, type Said } from "#cli/cluster/ask-messages.ts";
import { Asks } from "#cli/cluster/asks.ts";
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

/* ---------------------------------------------------------------- what a stranger says */

const question = (more: object): object => ({
  id: "x/1",
  reply: "inbox.eve",
  asked: { what: "status" },
  ...more,
});
const asking = (asked: object): object => question({ asked });
const word = (one: object): object => asking({ what: "operator", word: one });

/** Bob, what he was asked, and the subjects that he published to. */
const bobOn = (bus: PlainBus) => {
  const published: string[] = [];
  const questions: unknown[] = [];
  bus.publish = (subject, bytes) => {
    if (subject !== "supervisor.bob") published.push(subject);
    PlainBus.prototype.publish.call(bus, subject, bytes);
  };
  const answer = async (one: unknown): Promise<Said> => {
    questions.push(one);
    return { kind: "ok", value: "hi" };
  };
  return {
    published,
    questions,
    bob: new Asks({ bus, clock: systemClock(), name: "bob", answer }),
  };
};
const answered = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it.each([
  ["no value", Uint8Array.of(1, 2, 3)],
  ["nothing", new Uint8Array()],
  ["null", serialize(null)],
  ["a text", serialize("hello")],
  ["no id", serialize(question({ id: 5 }))],
  ["an endless id", serialize(question({ id: "x".repeat(257) }))],
  ["no subject to answer to", serialize(question({ reply: undefined }))],
  ["another subject to answer to", serialize(question({ reply: "all" }))],
  ["a subject of a supervisor", serialize(question({ reply: "supervisor.ann" }))],
  ["a wildcard", serialize(question({ reply: "inbox.*" }))],
  ["an inbox of nobody", serialize(question({ reply: "inbox." }))],
  ["an endless inbox", serialize(question({ reply: `inbox.${"x".repeat(256)}` }))],
  ["nothing asked", serialize(question({ asked: null }))],
  ["what nobody knows", serialize(asking({ what: "constructor" }))],
  ["a bucket that is none", serialize(asking({ what: "query", bucket: 257, name: "n" }))],
  ["a query without a name", serialize(asking({ what: "query", bucket: 1, name: {} }))],
  ["hosts without a name", serialize(asking({ what: "hosts" }))],
  ["no word", serialize(asking({ what: "operator" }))],
  ["another word", serialize(word({ do: "mint" }))],
  ["a grant of no amount", serialize(word({ do: "grant", to: "d", amount: 1, key: "k" }))],
  ["a pause of nobody", serialize(word({ do: "pause" }))],
  ["a limit of nothing", serialize(word({ do: "limit", of: { each: true } }))],
  ["a label of nobody", serialize(word({ do: "attest", label: "org", value: "v" }))],
])("%s is no question: nobody is asked, told or broken by it", async (_, bytes) => {
  const bus = new PlainBus();
  const { published, questions, bob } = bobOn(bus);
  bus.publish("supervisor.bob", bytes);
  await answered();
  expect([questions, published]).toEqual([[], []]);
  bus.publish("supervisor.bob", serialize(question({})));
  await answered();
  expect([questions, published]).toEqual([[{ what: "status" }], ["inbox.eve"]]);
  bob.close();
});

it("every kind of question is one", async () => {
  const bus = new PlainBus();
  const { questions, bob } = bobOn(bus);
  const words = [
    { do: "grant", to: "did", amount: 1n, key: "k" },
    { do: "grant-first", to: "did", amount: 1n, key: "k" },
    { do: "pause", who: "all" },
    { do: "resume", who: "did" },
    { do: "limit", of: { each: true }, limits: {} },
    { do: "attest", member: "did", label: "org", value: "v" },
  ];
  const all = [
    { what: "query", bucket: 256, name: "books", about: undefined },
    { what: "hosts", name: "needs" },
    { what: "settle" },
    { what: "status" },
    ...words.map((one) => ({ what: "operator", word: one })),
  ];
  for (const one of all) bus.publish("supervisor.bob", serialize(asking(one)));
  await answered();
  expect(questions).toEqual(all);
  bob.close();
});

const PART = { id: "ann/1", parts: 2, part: 0, bytes: Uint8Array.of(1) };

it.each([
  ["no value", Uint8Array.of(1, 2, 3)],
  ["null", serialize(null)],
  ["no kind of answer", serialize({ id: "ann/1", said: { kind: "maybe" } })],
  ["a failure that is not told", serialize({ id: "ann/1", said: { kind: "failed", told: 5 } })],
  ["too many parts", serialize({ ...PART, parts: REPLY_PARTS_MAX + 1 })],
  ["no parts", serialize({ ...PART, parts: 0 })],
  ["a part beyond its parts", serialize({ ...PART, part: 2 })],
  ["a part before its parts", serialize({ ...PART, part: -1 })],
  ["a part of text", serialize({ ...PART, bytes: "x" })],
  ["too large a part", serialize({ ...PART, bytes: new Uint8Array(REPLY_PART_BYTES + 1) })],
  ["a whole that is no answer", serialize({ ...PART, parts: 1 })],
])("%s is no answer, and the one that comes is heard", async (_, bytes) => {
  const value = { rows: "x" };
  const carried = (replies: Uint8Array[]): Uint8Array[] => [bytes, ...replies];
  expect((await asked(value, carried)).said).toEqual({ kind: "ok", value });
  expect((await asked(long, carried)).said).toEqual({ kind: "ok", value: long });
});

it("a part of other parts is not taken for one of these", async () => {
  const stray = serialize({ ...PART, parts: 3, part: 2 });
  const { said } = await asked(long, ([first = stray, ...others]) => [first, stray, ...others]);
  expect(said).toEqual({ kind: "ok", value: long });
});

it("what cannot be told is told as a failure", async () => {
  expect((await asked(() => {})).said).toMatchObject({ kind: "failed" });
});
