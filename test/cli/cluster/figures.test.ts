import { afterEach, describe, expect, it } from "vitest";
import { NatsBus } from "#adapters/nats/bus.ts";
import { NatsBlocks } from "#adapters/nats/blocks.ts";
import {
  ASK_EVERY_MS,
  askServers,
  READ_MS,
  ServerFigures,
  type Told,
} from "#cli/cluster/figures.ts";
import { startEtcd } from "../../support/etcd-server.ts";
import { ManualClock, settled } from "../../support/manual-clock.ts";
import { NatsServer } from "../../support/nats-server.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const told = (bytes: number): Told => ({
  etcd: [],
  streams: [{ stream: "c_records", bytes, bytesMax: undefined }],
});

/** Servers that answer when they are told to. */
const rig = () => {
  const clock = new ManualClock();
  const answers: ((told: Told) => void)[] = [];
  const ask = (): Promise<Told> => new Promise((resolve) => answers.push(resolve));
  return { clock, answers, figures: new ServerFigures(clock, ask) };
};

describe("figures of the servers", () => {
  it("are waited for while they come soon, and asked for once in a while", async () => {
    const { clock, answers, figures } = rig();
    const first = figures.read();
    const second = figures.read();
    await settled();
    expect(answers).toHaveLength(1);
    answers[0]!(told(1));
    expect([await first, await second]).toEqual([told(1), told(1)]);
    await clock.pass(ASK_EVERY_MS - 1);
    expect([await figures.read(), answers.length]).toEqual([told(1), 1]);
    await clock.pass(1);
    const next = figures.read();
    answers[1]!(told(2));
    expect(await next).toEqual(told(2));
  });

  it("are those of before where the servers are silent, and nobody waits for long", async () => {
    const { clock, answers, figures } = rig();
    const first = figures.read();
    answers[0]!(told(1));
    await first;
    await clock.pass(ASK_EVERY_MS);
    let late: Told | undefined;
    void figures.read().then((read) => (late = read));
    await clock.pass(READ_MS - 1);
    expect(late).toBeUndefined();
    await clock.pass(1);
    expect(late).toEqual(told(1));
    await clock.pass(2 * ASK_EVERY_MS);
    const again = figures.read();
    await clock.pass(READ_MS);
    expect([await again, answers.length]).toEqual([told(1), 2]);
    answers[1]!(told(3));
    await settled();
    const third = figures.read();
    await clock.pass(READ_MS);
    expect([await third, answers.length]).toEqual([told(3), 3]);
  });

  it("are told by etcd and NATS, and are gone with them", async () => {
    const [etcd] = await startEtcd(1, ["--quota-backend-bytes=4294967296"]);
    undo.push(() => etcd!.dispose());
    const nats = await NatsServer.start();
    undo.push(() => nats.dispose());
    const place = { servers: [nats.url], prefix: "c", streamBytesMax: 100_000 };
    const blocks = await NatsBlocks.open(place);
    await blocks.put(new Uint8Array(1_000), "raw");
    await blocks.close();
    const bus = await NatsBus.open(place);
    undo.push(() => bus.close());
    const endpoints = [etcd!.url];
    const ask = askServers({ etcd: { endpoints } }, bus);
    const { etcd: sizes, streams } = await ask();
    expect(sizes).toMatchObject([{ endpoint: etcd!.url, quotaBytes: 4 * 2 ** 30 }]);
    expect(sizes[0]?.databaseBytes).toBeGreaterThan(4_096);
    expect(streams).toMatchObject([{ stream: "c_blocks", bytesMax: 100_000 }]);
    expect(streams[0]?.bytes).toBeGreaterThan(1_000);
    etcd!.freeze();
    await nats.kill();
    expect(await ask()).toEqual({ etcd: [], streams: [] });
  });
});
