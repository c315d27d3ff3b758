import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { NatsBus, PENDING_BYTES_MAX } from "#adapters/nats/bus.ts";
import { MESSAGE_BYTES_MAX } from "#ports/bus.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { newPrefix } from "./rigs.ts";
import { NatsServer, until } from "../../support/nats-server.ts";

/** A server that waits for nobody: 2 MiB unread, or 300 ms, and the connection is closed. */
const STRICT = `max_pending: 2MB\nwrite_deadline: "300ms"\n`;

let server: NatsServer;
beforeAll(async () => {
  server = await NatsServer.start(STRICT);
});
afterAll(() => server.dispose());

const opened: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const open = async (prefix: string, url = server.url): Promise<NatsBus> => {
  const bus = await NatsBus.open({ servers: [url], prefix });
  opened.push(bus);
  return bus;
};

const numbered = (at: number): Uint8Array => new TextEncoder().encode(String(at));

const hearing = (bus: NatsBus, subject: string) => {
  const heard: number[] = [];
  bus.subscribe(subject, (bytes) => heard.push(Number(new TextDecoder().decode(bytes))));
  return heard;
};

describe("a bus whose server is killed", () => {
  it("goes on when it is back, with all that was published meanwhile, each once", async () => {
    const bus = await open(newPrefix());
    const heard = hearing(bus, "subject");
    let next = 0;
    const publish = () => bus.publish("subject", numbered((next += 1)));
    await until(() => (publish(), heard.length > 100));
    await bus.flush();
    await server.kill();
    await until(() => (publish(), !bus.isConnected));
    const held = next + 1;
    for (let count = 0; count < 500; count += 1) publish();
    await server.restart();
    await until(() => (publish(), heard.includes(held + 600)));
    await bus.flush();
    expect(heard.filter((at) => at >= held)).toEqual(
      Array.from({ length: next - held + 1 }, (_, at) => held + at),
    );
    expect(new Set(heard).size).toBe(heard.length);
    expect(bus.dropped).toBe(0);
    await until(() => bus.pendingBytes === 0);
  });

  it("hears again without being asked, and can be subscribed to meanwhile", async () => {
    const prefix = newPrefix();
    const [speaker, hearer] = [await open(prefix), await open(prefix)];
    const before = hearing(hearer, "subject");
    const given = hearing(hearer, "subject");
    const stop = hearer.subscribe("subject", (bytes) => given.push(-bytes.byteLength));
    await server.kill();
    await until(() => !hearer.isConnected && !speaker.isConnected);
    const meanwhile = hearing(hearer, "subject");
    stop();
    await server.restart();
    await until(() => (speaker.publish("subject", numbered(1)), meanwhile.length > 0));
    await until(() => before.length > 0);
    expect(given.every((at) => at > 0)).toBe(true);
  });

  it("holds so much and no more, drops the rest and counts it", async () => {
    const bus = await open(newPrefix());
    let heard = 0;
    bus.subscribe("subject", () => (heard += 1));
    await bus.flush();
    await server.kill();
    await until(() => !bus.isConnected);
    const bytes = new Uint8Array(MESSAGE_BYTES_MAX);
    for (let count = 0; count < 40; count += 1) bus.publish("subject", bytes);
    expect(bus.dropped).toBeGreaterThan(40 - PENDING_BYTES_MAX / MESSAGE_BYTES_MAX - 1);
    expect(bus.dropped).toBeLessThan(12);
    expect(bus.pendingBytes).toBeLessThanOrEqual(PENDING_BYTES_MAX);
    await bus.close();
    expect(() => bus.publish("subject", bytes)).not.toThrow();
    await server.restart();
    expect(heard).toBe(0);
  });
});

describe("a bus whose server is frozen", () => {
  it("neither waits nor grows, and goes on when the server does", async () => {
    const bus = await open(newPrefix());
    const heard = hearing(bus, "small");
    await bus.flush();
    server.freeze();
    const bytes = new Uint8Array(MESSAGE_BYTES_MAX);
    for (let count = 0; count < 40; count += 1) bus.publish("large", bytes);
    expect(bus.dropped).toBeGreaterThan(0);
    expect(bus.pendingBytes).toBeLessThanOrEqual(PENDING_BYTES_MAX);
    server.thaw();
    await until(() => bus.pendingBytes === 0);
    const { dropped } = bus;
    bus.publish("small", numbered(1));
    await until(() => heard.length === 1);
    expect(bus.dropped).toBe(dropped);
  });

  it("can be closed all the same", async () => {
    const bus = await open(newPrefix());
    server.freeze();
    bus.publish("subject", numbered(1));
    await bus.close();
    expect(bus.isConnected).toBe(false);
    server.thaw();
  });
});

describe("a bus", () => {
  it("goes on after a hearer that throws", async () => {
    const bus = await open(newPrefix());
    const heard: number[] = [];
    bus.subscribe("subject", (bytes) => {
      heard.push(bytes.byteLength);
      if (bytes.byteLength === 2) throw new Error("poison");
    });
    const calm = hearing(bus, "subject");
    for (const text of ["1", "22", "333"]) bus.publish("subject", new TextEncoder().encode(text));
    await bus.flush();
    expect(heard).toEqual([1, 2, 3]);
    expect(calm).toEqual([1, 22, 333]);
    expect(bus.thrown).toBe(1);
  });

  it("drops what no server would take", async () => {
    const bus = await open(newPrefix());
    const heard = hearing(bus, "subject");
    bus.publish("subject", new Uint8Array(MESSAGE_BYTES_MAX + 1));
    for (const subject of ["", "a b", "a.*", ">", "a\r\nPUB b", "a..b"])
      bus.publish(subject, numbered(1));
    expect(bus.dropped).toBe(7);
    expect(() => bus.subscribe("all.>", () => {})).toThrow("not a subject");
    bus.publish("subject", numbered(1));
    await bus.flush();
    expect(heard).toEqual([1]);
  });

  it("keeps swarms apart that share a server", async () => {
    const [one, two] = [await open(newPrefix()), await open(newPrefix())];
    const [ours, theirs] = [hearing(one, "subject"), hearing(two, "subject")];
    await two.flush();
    one.publish("subject", numbered(1));
    await one.flush();
    await two.flush();
    expect([ours, theirs]).toEqual([[1], []]);
  });

  it("says whom it could not reach", async () => {
    const server_ = { servers: ["127.0.0.1:1"], prefix: "a" };
    await expect(NatsBus.open(server_)).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
    await expect(NatsBus.open({ ...server_, prefix: "a.>" })).rejects.toThrow("not a prefix");
  });
});

describe("a hearer that is slower than its messages come", () => {
  it("is cut off, alone, and hears again when it keeps up", async () => {
    const prefix = newPrefix();
    const proxy = await FaultProxy.to(server.port);
    const slow = await open(prefix, `127.0.0.1:${proxy.port}`);
    opened.push(proxy);
    const [speaker, quick] = [await open(prefix), await open(prefix)];
    const heard = { slow: 0, quick: 0 };
    slow.subscribe("subject", () => (heard.slow += 1));
    quick.subscribe("subject", () => (heard.quick += 1));
    await Promise.all([slow.flush(), quick.flush()]);
    proxy.weather = { kind: "slow", bytesPerSecond: 1_000 };
    const bytes = new Uint8Array(64 * 1024);
    let sent = 0;
    await until(async () => {
      for (let count = 0; count < 8; count += 1) speaker.publish("subject", bytes);
      sent += 8;
      await quick.flush();
      return server.log.some((line) => line.includes("Slow Consumer Detected"));
    });
    proxy.weather = { kind: "fair" };
    proxy.reset();
    await until(() => slow.isConnected);
    await until(() => heard.quick === sent);
    const before = heard.slow;
    await until(() => (speaker.publish("subject", numbered(1)), heard.slow > before));
    expect(quick.isConnected).toBe(true);
  });
});
