import { beforeEach, describe, expect, it } from "vitest";
import { cidOf, hex } from "#envelope/cid.ts";
import type { Epoch } from "#ports/store.ts";
import { EpochKeys } from "#runtime/threads/epoch-keys.ts";
import { ENVELOPE, FrameWriter } from "#runtime/threads/frames.ts";
import { HostShell, KEPT_MS_MAX } from "#runtime/threads/host-shell.ts";
import type { FromBus, FromHost, Port } from "#runtime/threads/protocol.ts";
import { packReceipts, receiptsIn } from "#runtime/threads/receipt-batch.ts";
import { SimDisk } from "#sim/world/store.ts";
import { createApplication } from "../toy/application.ts";
import { sender, spoken, ticked } from "../toy/rig.ts";

const BUCKET = 1;
const MASTER = new Uint8Array(32).fill(7);
/** More rounds than anything here takes to come to rest. */
const ROUNDS = 20;

describe("a bucket that its host has lost and leads again", () => {
  let disk: SimDisk;
  let reads: number;
  let nowMs: number;
  let wakes: { readonly atMs: number; readonly wake: () => void }[];
  let heard: FromHost[];
  let say: (message: unknown) => void;
  let shell: HostShell<Port>;

  const rest = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) await ticked();
  };
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms;
    const due = wakes.filter(({ atMs }) => atMs <= nowMs);
    wakes = wakes.filter(({ atMs }) => atMs > nowMs);
    for (const { wake } of due) wake();
    await rest();
  };

  beforeEach(() => {
    disk = new SimDisk();
    [reads, nowMs, wakes, heard] = [0, 0, [], []];
    const store = disk.connect();
    shell = new HostShell<Port>({
      index: 0,
      app: createApplication(),
      query: () => undefined,
      store: {
        ...store,
        read: (...range) => {
          reads += 1;
          return store.read(...range);
        },
        get: async () => undefined,
        put: async () => "",
        has: async () => false,
      },
      clock: {
        monotonicMs: () => nowMs,
        wallMs: () => 0,
        after: (delayMs, wake) => {
          const one = { atMs: nowMs + delayMs, wake };
          wakes.push(one);
          return () => void (wakes = wakes.filter((other) => other !== one));
        },
      },
      soon: (task) => void setImmediate(task),
      dead: [],
      inHand: () => {},
      event: () => {},
      beforeTurn: () => {},
    });
  });

  const open = async (): Promise<void> => {
    await shell.control.open({ master: MASTER, fields: {} }, Array<number>(257).fill(0));
    shell.control.connectAgents(1, {
      on: (_event, listener) => void (say = listener),
      postMessage: (message) => void heard.push(message as FromHost),
      close: () => {},
    });
    say({ type: "attach", agents: [sender.did] });
  };

  const lead = async (): Promise<Epoch> => {
    const epoch = await disk.connect().lead([BUCKET]);
    await shell.control.lead([BUCKET], epoch);
    await rest();
    return epoch;
  };
  const lose = async (): Promise<void> => {
    const lost = shell.control.letGo([BUCKET], 20, "lost");
    await pass(20);
    await lost;
  };
  const add = (nonce: number): void => {
    const writer = new FrameWriter((frame) => say({ type: "envelopes", frame }));
    writer.push(ENVELOPE, spoken("ADD", { by: 1 }, nonce, `bucket:${BUCKET}`).wire);
    writer.flush();
  };
  /** Of these, whose key has signed each batch of receipts that was heard. */
  const signers = (epochs: readonly Epoch[]): readonly (number | undefined)[] => {
    const keys = new EpochKeys(MASTER);
    return heard.flatMap((message) => {
      if (message.type !== "receipts") return [];
      const items = [...receiptsIn(message.batch)];
      const signed = (epoch: Epoch): boolean =>
        hex(packReceipts(items, keys.of(epoch).signer).signature) === hex(message.batch.signature);
      return [epochs.find(signed)?.revision];
    });
  };

  it("lets go of a bucket that is lost before it is open: it leads nothing yet", async () => {
    await shell.control.letGo([BUCKET], 20, "lost");
    await open();
    const epoch = await lead();
    add(1);
    await rest();
    expect(signers([epoch])).toEqual([epoch.revision]);
  });

  it("answers under the key of the epoch in which it was built, before the other one is logged", async () => {
    await open();
    const old = await lead();
    disk.fail(BUCKET, "silent");
    add(1);
    await rest();
    expect(heard).toEqual([]);
    await lose();
    disk.slow();
    const now = await lead();
    expect(signers([old, now])).toEqual([old.revision]);
    disk.giveUp();
    disk.release();
    await rest();
    add(2);
    await rest();
    expect(signers([old, now])).toEqual([old.revision, now.revision]);
  });

  it.each([
    [KEPT_MS_MAX - 1_000, "kept"],
    [KEPT_MS_MAX, "given up"],
  ])("after %i ms is still or no more as it was: %s", async (ms, what) => {
    await open();
    await lead();
    add(1);
    await rest();
    await lose();
    await pass(ms);
    reads = 0;
    await lead();
    expect(reads > 0).toBe(what === "given up");
  });

  it("goes on where what came over the bus as a document is none", async () => {
    await open();
    const epoch = await lead();
    let tell: (message: unknown) => void = () => {};
    shell.control.connectBus({
      on: (_event, listener) => void (tell = listener),
      postMessage: () => {},
      close: () => {},
    });
    const rubbish = Uint8Array.of(255);
    const publication = { revision: 1, hash: cidOf(rubbish), document: rubbish };
    tell({ type: "document", publication } satisfies FromBus);
    add(1);
    await rest();
    expect(shell.control.stats().dropped).toBe(1);
    expect(signers([epoch])).toEqual([epoch.revision]);
  });
});
