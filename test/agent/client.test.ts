import { expect, it } from "vitest";
import { AgentClient, RESIGNS_MAX, THREADS_REMEMBERED_MAX } from "#agent/client.ts";
import { KEPT_FROM_MS, LATERS_MAX, RESEND_MAX_MS, VALID_MS } from "#agent/unanswered.ts";
import type { Outbox } from "#agent/outbox.ts";
import { cidOf } from "#envelope/cid.ts";
import { accountThread, decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { answeredClient, NEED } from "../support/answered-client.ts";
import { settled } from "../support/manual-clock.ts";

/** A client whose link answers everything with one transport error, and a clock that only tests move. */
const answeredBy = (code: RefusalCode, outbox?: Outbox) => {
  let events: LinkEvents | undefined;
  let due: (() => void)[] = [];
  const wires: Uint8Array[] = [];
  let isHeard = true;
  let nowMs = 0;
  const client = new AgentClient({
    signer: signerFromSeed(new Uint8Array(32).fill(9)),
    swarm: "toy.0123456789abcdef",
    policy: "",
    link: {
      attach: (_agent, heard) => void (events = heard),
      detach: () => {},
      send: (_thread, wire) => {
        wires.push(wire);
        if (isHeard) events?.rejected?.(decodeSigned(wire).id, code, "as told");
      },
    },
    clock: {
      wallMs: () => nowMs,
      monotonicMs: () => 0,
      after: (_delayMs, wake) => {
        due.push(wake);
        return () => void (due = due.filter((other) => other !== wake));
      },
    },
    soon: (task) => queueMicrotask(task),
    onNotice: () => {},
    ...(outbox === undefined ? {} : { outbox }),
  });
  const again = (): void => {
    const wakes = due;
    due = [];
    for (const wake of wakes) wake();
  };
  const listen = (heard: boolean): void => void (isHeard = heard);
  const pass = (ms: number): void => void (nowMs += ms);
  return { client, again, wires, listen, pass, sent: () => wires.length };
};

it("takes a transport error about its own envelope for a refusal", async () => {
  const { client } = answeredBy("WRONG_SWARM");
  const receipt = await client.sayAccount("STAKE", { amount: 1n });
  expect(receipt).toMatchObject({ kind: "nack", code: "WRONG_SWARM", detail: "as told" });
});

it("sends again what was told to come later, and gives up on a registration that never comes", async () => {
  const { client, again, sent } = answeredBy("NOT_REGISTERED");
  const said = client.sayAccount("STAKE", { amount: 1n });
  await Promise.resolve();
  for (let waitMs = 200; waitMs < RESEND_MAX_MS; waitMs *= 2) again();
  expect(await said).toMatchObject({ code: "NOT_REGISTERED" });
  expect(sent()).toBeGreaterThan(3);
});

it("comes later after a silence too, and never gives up an answer that cost work", async () => {
  const silent = answeredBy("NO_REGISTRY");
  silent.listen(false);
  const thread = cidOf(new Uint8Array([1]));
  const place = { need: thread, attempt: 1, revision: 1 };
  let beat: unknown;
  let commit: unknown;
  void silent.client
    .say("HEARTBEAT", thread, { ...place, progress: 0 })
    .then((said) => (beat = said));
  void silent.client
    .say("COMMIT", thread, { ...place, artifact: thread, output: 1 })
    .then((said) => (commit = said));
  await Promise.resolve();
  // Nobody answers for so long that the longest wait is reached.
  for (let n = 0; n < 10; n += 1) silent.again();
  silent.listen(true);
  for (let n = 1; n < LATERS_MAX; n += 1) silent.again();
  await settled();
  expect([beat, commit]).toEqual([undefined, undefined]);
  silent.again();
  for (let n = 0; n < 20; n += 1) silent.again();
  await settled();
  expect(beat).toMatchObject({ code: "NO_REGISTRY" });
  expect(commit).toBeUndefined();
  // Who is unknown is told so before its envelope is looked at, expired or not.
  silent.pass(VALID_MS);
  silent.again();
  await settled();
  expect(commit).toMatchObject({ code: "NO_REGISTRY" });
});

it("keeps an answer that cost work once it waits long for a receipt, and no sign of life", async () => {
  const keptAfter: number[] = [];
  const answers: string[] = [];
  const outbox = {
    keep: () => void keptAfter.push(sent()),
    answered: ({ kind }: { kind: string }) => void answers.push(kind),
  } as unknown as Outbox;
  const { client, again, sent } = answeredBy("MAILBOX_FULL", outbox);
  const thread = cidOf(new Uint8Array([1]));
  const place = { need: thread, attempt: 1, revision: 1 };
  void client.say("HEARTBEAT", thread, { ...place, progress: 0 });
  await Promise.resolve();
  for (let waitMs = 200; waitMs < RESEND_MAX_MS; waitMs *= 2) again();
  expect(keptAfter).toEqual([]);
  client.close();
  const other = answeredBy("MAILBOX_FULL", outbox);
  const output = { artifact: thread, output: 1 };
  void other.client.say("COMMIT", thread, { ...place, ...output });
  await Promise.resolve();
  for (let waitMs = 200; waitMs < KEPT_FROM_MS; waitMs *= 2) other.again();
  expect(keptAfter).toEqual([]);
  other.again();
  expect(keptAfter).not.toEqual([]);
  expect(answers).toEqual([]);
});

it("never gives up on a full mailbox", async () => {
  const { client, again, sent } = answeredBy("MAILBOX_FULL");
  let answered = false;
  void client.sayAccount("STAKE", { amount: 1n }).then(() => (answered = true));
  await Promise.resolve();
  for (let n = 0; n < 20; n += 1) again();
  await Promise.resolve();
  expect(answered).toBe(false);
  expect(sent()).toBe(21);
});

it("says nothing again while its answer is on the way: it waits for as long as answers take", async () => {
  const answerMs = 700;
  const swarm = answeredClient((_envelope, hear) => swarm.clock.after(answerMs, () => hear()));
  const said = async (): Promise<number> => {
    const before = swarm.sent();
    void swarm.client.sayAccount("STAKE", { amount: 1n });
    await swarm.clock.pass(5_000);
    return swarm.sent() - before;
  };
  // Nothing is known: after 200 ms and 600 it seems lost.
  expect(await said()).toBe(3);
  for (let n = 0; n < 20; n += 1) expect(await said()).toBe(1);
});

it("a nonce that is told late takes none back", () => {
  const { client } = answeredClient(() => {});
  const thread = cidOf(Uint8Array.of(1));
  for (const nonce of [5, 3]) client.resume(thread, nonce);
  const claim = { need: thread, attempt: 1, ttlMs: 1_000 };
  const nonces = client
    .prepare("CLAIM", thread, [claim, claim])
    .map(({ wire }) => decodeEnvelope(decodeSigned(wire).bytes).nonce);
  expect(nonces).toEqual([6, 7]);
});

it("a NEED for which there is no room is told so at once, every other verb comes again", async () => {
  const swarm = answeredClient((_envelope, hear) => hear("MAILBOX_FULL"));
  expect(await swarm.client.say("NEED", undefined, NEED)).toMatchObject({ code: "MAILBOX_FULL" });
  expect(swarm.sent()).toBe(1);
  let answered: unknown;
  void swarm.client.sayAccount("STAKE", { amount: 1n }).then((receipt) => (answered = receipt));
  await swarm.clock.pass(1_000);
  expect(answered).toBeUndefined();
  expect(swarm.sent()).toBeGreaterThan(2);
});

it("a NEED whose copy is still on its way is no refusal yet: what the copy is told counts", async () => {
  let copies = 0;
  const swarm = answeredClient((_envelope, hear) => {
    copies += 1;
    // The first comes late, and finds a crowd; the second, sent meanwhile, finds room.
    if (copies === 1) swarm.clock.after(300, () => hear("MAILBOX_FULL"));
    else swarm.clock.after(300, () => hear());
  });
  const said = swarm.client.say("NEED", undefined, NEED);
  await swarm.clock.pass(2_000);
  expect(await said).toMatchObject({ kind: "ack" });
  expect(swarm.sent()).toBe(2);
});

it("a copy that is lost holds up a refusal for 5 s at most", async () => {
  let copies = 0;
  const swarm = answeredClient((_envelope, hear) => {
    copies += 1;
    if (copies === 1) swarm.clock.after(300, () => hear("MAILBOX_FULL"));
  });
  let answered: unknown;
  void swarm.client.say("NEED", undefined, NEED).then((receipt) => (answered = receipt));
  await swarm.clock.pass(5_200);
  expect(answered).toBeUndefined();
  await swarm.clock.pass(200);
  expect(answered).toMatchObject({ code: "MAILBOX_FULL" });
  expect(swarm.sent()).toBe(2);
});

it.each(["BUCKET_HALTED", "NOT_REGISTERED", "NO_REGISTRY"] as const)(
  "a NEED that is said until it is taken is told of %s as any other",
  async (code) => {
    const swarm = answeredClient((_envelope, hear) => hear(code));
    let answered: unknown;
    void swarm.client
      .say("NEED", undefined, NEED, [], { untilTaken: true })
      .then((receipt) => (answered = receipt));
    await swarm.clock.pass(10_000);
    expect(answered).toMatchObject({ code });
  },
);

it("a NEED that is said until it is taken waits for room, the same bytes, for however long", async () => {
  const envelopes = new Set<string>();
  let hasRoom = false;
  const swarm = answeredClient((envelope, hear) => {
    envelopes.add(envelope);
    hear(hasRoom ? undefined : "MAILBOX_FULL");
  });
  let answered: unknown;
  void swarm.client
    .say("NEED", undefined, NEED, [], { untilTaken: true })
    .then((receipt) => (answered = receipt));
  await swarm.clock.pass(120_000);
  expect(answered).toBeUndefined();
  expect(swarm.sent()).toBeGreaterThan(LATERS_MAX);
  hasRoom = true;
  await swarm.clock.pass(RESEND_MAX_MS);
  expect(answered).toMatchObject({ kind: "ack" });
  expect(envelopes.size).toBe(1);
});

it("signs anew what had expired when it came, under another nonce, and gives up at last", async () => {
  const { client, again, wires } = answeredBy("EXPIRED");
  const said = client.sayAccount("STAKE", { amount: 1n });
  let over = false;
  void said.then(() => (over = true));
  while (!over) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    again();
  }
  expect(await said).toMatchObject({ kind: "nack", code: "EXPIRED" });
  const nonces = wires.map((wire) => decodeEnvelope(decodeSigned(wire).bytes).nonce);
  expect(nonces).toEqual(Array.from({ length: RESIGNS_MAX + 1 }, (_, n) => n + 1));
});

it("has nothing more to say in a thread whose last nonce was used", async () => {
  const { client, sent } = answeredBy("NONCE_OLD");
  client.resume(accountThread(client.did), Number.MAX_SAFE_INTEGER - 1);
  await client.sayAccount("STAKE", { amount: 1n });
  expect(sent()).toBe(1);
  const more = await client.sayAccount("STAKE", { amount: 1n });
  expect(more).toMatchObject({ kind: "nack", code: "NONCE_OLD" });
  expect(sent()).toBe(1);
});

it("forgets neither its account's nonce nor that of a thread in use, whatever else is told", async () => {
  const { client, wires } = answeredBy("WRONG_SWARM");
  const need = cidOf(new Uint8Array());
  client.resume(accountThread(client.did), 7);
  for (let n = 1; n <= 3 * THREADS_REMEMBERED_MAX; n += 1) {
    client.resume(`need ${n}`, 1);
    if (n % 1_000 === 0) client.resume(need, 1 + n / 1_000);
  }
  const last = 1 + Math.floor((3 * THREADS_REMEMBERED_MAX) / 1_000);
  await client.sayAccount("STAKE", { amount: 1n });
  await client.say("HEARTBEAT", need, { need, attempt: 1, revision: 1, progress: 0 });
  const nonces = wires.map((wire) => decodeEnvelope(decodeSigned(wire).bytes).nonce);
  expect(nonces).toEqual([8, last + 1]);
});
