/** What a host does with what the bus brings, and what it says there. */
import { beforeEach, describe, expect, it } from "vitest";
import { decode, encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { agentSubject } from "#ports/bus.ts";
import { decodeToAgent, encodeToSwarm, type RejectedWire } from "#ports/bus-messages.ts";
import { outwardIn } from "#runtime/bus/outward.ts";
import { PRESENT_AGAIN_MS } from "#runtime/bus/presence.ts";
import { ATTACHED, ENVELOPE, FrameWriter } from "#runtime/threads/frames.ts";
import { HostShell } from "#runtime/threads/host-shell.ts";
import type { FromBus, Port, ToBus } from "#runtime/threads/protocol.ts";
import { SimDisk } from "#sim/world/store.ts";
import { ManualClock, settled } from "../../support/manual-clock.ts";
import { createApplication } from "../toy/application.ts";
import { sender, signerOf, spoken, type Spoken } from "../toy/rig.ts";

const BUCKET = 1;
/** More rounds than anything here takes to come to rest. */
const ROUNDS = 20;
/** Whom the toy's counters tell their total. */
const WATCHER = "watcher";
const mob = signerOf("mob");

describe("a host on the bus", () => {
  let shell: HostShell<Port>;
  let clock: ManualClock;
  let said: { readonly subject: string; readonly bytes: Uint8Array }[];
  let walks: number;
  let bring: (message: FromBus) => void;

  const rest = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) await settled();
  };
  const heard = async (kind: number, bytes: readonly Uint8Array[]): Promise<void> => {
    const writer = new FrameWriter((frame) => bring({ type: "heard", frame }));
    for (const one of bytes) writer.push(kind, one);
    writer.flush();
    await rest();
  };
  const envelopes = (...all: readonly Spoken[]): Promise<void> =>
    heard(
      ENVELOPE,
      all.map(({ wire }) => wire),
    );
  const present = (...agents: readonly string[]): Promise<void> =>
    heard(ATTACHED, [encodeToSwarm({ type: "attach", agents })]);
  /** What an agent was told unsigned. */
  const rejected = (did: string): RejectedWire[] =>
    said.flatMap(({ subject, bytes }) => {
      const message = subject === agentSubject(did) ? decodeToAgent(bytes) : undefined;
      if (message?.type !== "rejected") return [];
      return message.items.map((item) => decode(item) as RejectedWire);
    });
  const receipts = (did: string): unknown[] =>
    said.flatMap(({ subject, bytes }) => {
      const message = subject === agentSubject(did) ? decodeToAgent(bytes) : undefined;
      if (message?.type !== "receipts") return [];
      return message.items.map((item) => decode(item.bytes));
    });
  const notices = (did: string): number =>
    said.filter(
      ({ subject, bytes }) =>
        subject === agentSubject(did) && decodeToAgent(bytes).type === "notices",
    ).length;

  beforeEach(async () => {
    const disk = new SimDisk();
    clock = new ManualClock();
    [said, walks] = [[], 0];
    const app = createApplication();
    const { counter } = app.kinds;
    const notable = {
      ...counter!,
      notices: (...args: Parameters<NonNullable<typeof counter>["notices"]>) => {
        walks += 1;
        return counter!.notices(...args);
      },
    };
    shell = new HostShell<Port>({
      index: 0,
      app: { ...app, kinds: { ...app.kinds, counter: notable } },
      query: () => undefined,
      store: {
        ...disk.connect(),
        get: async () => undefined,
        put: async () => "",
        has: async () => false,
      },
      clock,
      soon: (task) => void setImmediate(task),
      dead: [],
      inHand: () => {},
      event: () => {},
      beforeTurn: () => {},
    });
    const facts = { master: new Uint8Array(32).fill(7), fields: {} };
    await shell.control.open(facts, Array<number>(257).fill(0));
    shell.control.connectBus({
      on: (_event, listener) => void (bring = listener as typeof bring),
      postMessage: (message) => {
        const out = message as ToBus;
        if (out.type === "out") said.push(...outwardIn(out.frame));
      },
      close: () => {},
    });
    await shell.control.lead([BUCKET], await disk.connect().lead([BUCKET]));
    const document = encode({ text: `${sender.did} ${WATCHER}` });
    bring({ type: "document", publication: { revision: 1, hash: "h", document } });
    await rest();
  });

  const add = (nonce: number, change = {}, by = sender): Spoken =>
    spoken("ADD", { by: 1 }, nonce, `bucket:${BUCKET}`, change, by);

  it("answers a bad signature, another swarm and a stranger to whom they name, unsigned", async () => {
    const forged = add(1, { from: sender.did }, mob);
    const lost = add(2, { policy: "lost" });
    const stranger = add(3, { policy: "stranger" }, mob);
    await envelopes(forged, lost, stranger);
    expect(rejected(sender.did)).toMatchObject([
      { envelope: lost.id, wire: cidOf(lost.wire), code: "WRONG_SWARM" },
      { envelope: forged.id, wire: cidOf(forged.wire), code: "SIGNATURE_INVALID" },
    ]);
    expect(rejected(mob.did)).toMatchObject([{ envelope: stranger.id, code: "NOT_REGISTERED" }]);
    expect(receipts(sender.did)).toEqual([]);
  });

  it("hands back what it has no room for, and takes meanwhile what another says", async () => {
    const flood = Array.from({ length: 64 }, (_, n) => add(n + 1, { from: mob.did }, mob));
    const more = new Array<Spoken>(64 * 100).fill(flood[0]!);
    const writer = new FrameWriter((frame) => bring({ type: "heard", frame }));
    for (const { wire } of [...more, add(1)]) writer.push(ENVELOPE, wire);
    writer.flush();
    await rest();
    expect(rejected(mob.did).length).toBeGreaterThan(0);
    expect(rejected(mob.did)).toContainEqual({
      envelope: flood[0]!.id,
      wire: cidOf(flood[0]!.wire),
      code: "MAILBOX_FULL",
      detail: "too many envelopes wait",
    });
    expect(receipts(sender.did)).toMatchObject([
      { kind: "ack", head: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  it("does not call wrong what is said to a bucket that it leads no more", async () => {
    await envelopes(spoken("ADD", { by: 1 }, 1, `bucket:${BUCKET + 1}`));
    expect(said).toEqual([]);
  });

  it("tells agents that are there again in one walk, and strangers nothing", async () => {
    await envelopes(add(1));
    walks = 0;
    await present(WATCHER, sender.did, mob.did);
    expect([walks, notices(WATCHER)]).toEqual([1, 1]);
    await present(mob.did);
    await clock.pass(2 * PRESENT_AGAIN_MS);
    expect(walks).toBe(1);
    await present(WATCHER);
    await rest();
    expect([walks, notices(WATCHER)]).toEqual([2, 2]);
  });

  it("walks no oftener however often an agent is said to be there", async () => {
    await envelopes(add(1));
    walks = 0;
    for (let n = 0; n < 100; n += 1) await present(WATCHER);
    expect([walks, notices(WATCHER)]).toEqual([1, 1]);
  });
});
